"""What a new user does: the wheel in an empty environment, in an empty folder without wattos.toml."""

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.fakes.project.running import REPOSITORY, RunningProject, wait_until

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that holds nothing but the wheel and what it asks for.

    The dependencies are those of this environment, linked by a .pth file: that they can be downloaded is what
    `make up` shows; here it is the wheel that must be complete.
    """
    folder = tmp_path_factory.mktemp("install")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--no-isolation",
            "--outdir",
            str(folder / "dist"),
            str(REPOSITORY),
        ],
        check=True,
        capture_output=True,
        timeout=100,
    )
    (wheel,) = (folder / "dist").glob("wattos-*.whl")
    venv.create(folder / "venv", with_pip=False)
    target = next((folder / "venv" / "lib").glob("python*")) / "site-packages"
    quiet = ["--quiet", "--disable-pip-version-check", "--no-warn-script-location"]
    alone = ["--no-deps", "--no-index", "--ignore-installed", "--prefix", str(folder / "venv")]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *quiet, *alone, str(wheel)],
        check=True,
        capture_output=True,
        timeout=100,
    )
    dependencies = folder / "dependencies"
    dependencies.mkdir()
    for entry in Path(pytest.__file__).parents[1].iterdir():
        if "wattos" not in entry.name:
            (dependencies / entry.name).symlink_to(entry)
    (target / "dependencies.pth").write_text(str(dependencies))
    return folder / "venv" / "bin"


def test_the_wheel_in_an_empty_folder_does_the_main_job(installed: Path, project: RunningProject) -> None:
    program = installed / "wattos"
    program.write_text(
        f"#!{installed / 'python'}\nimport sys\nfrom wattos_cli.__main__ import main\nsys.exit(main())\n"
    )
    environ = {name: value for name, value in project.environ.items() if name != "PYTHONPATH"}
    shutil.copytree(REPOSITORY / "docs" / "services", project.root / "docs")

    def wattos(*argv: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(program), *argv],
            cwd=project.root,
            env=environ,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
        return done

    assert len(json.loads(wattos("drill", "-o", "json").stdout)["drills"]) == 9
    assert len(json.loads(wattos("up", "-o", "json").stdout)["services"]) == 5
    wattos("ingest", "docs")
    question = ("ask", "How long are search results cached?", "-o", "json")
    wait_until(
        lambda: "300 seconds" in json.loads(wattos(*question).stdout)["answer"],
        "the answer is found once the vectors are there",
        60,
    )
    wattos("health")
    wattos("down")


def test_make_up_is_the_first_command_and_has_its_parts() -> None:
    listed = subprocess.run(
        ["make", "--dry-run", "--always-make", "up"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    steps = ["-m venv", "--require-hashes -r constraints/all.txt", "constraints/model.txt", "wattos up"]
    positions = [listed.index(step) for step in steps]
    assert positions == sorted(positions)
    assert os.access(REPOSITORY / ".ci" / "run", os.X_OK)
