"""What is wrong with a command line is told before anything starts, and nobody is asked."""

import os
import socket
from pathlib import Path

import pytest

from tests.fakes.cli.deps import make_deps
from tests.fakes.cli.http import FakeHttp
from tests.fakes.loadtest.generation import FakeLoad
from wattos_cli.app import TREE, execute
from wattos_cli.commands.loadtest import run as command
from wattos_cli.commands.loadtest.options.master_port import require_free
from wattos_cli.commands.loadtest.options.options import Options
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.loadtest.fast.loading import needs_locust
from wattos_cli.report_folder import alone_in


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (Options(users=0), "--users 0"),
        (Options(users=100_000), "--users 100000"),
        (Options(spawn_rate=-1.0), "--spawn-rate -1"),
        (Options(duration_s=1e9), "--duration 1000000000s: expected at most a week"),
        (Options(duration_s=3.6e9), "--duration 1000000h: expected at most a week"),
        (Options(stages=""), "--stages has an empty value"),
        (Options(rate=" "), "--rate has an empty value"),
        (Options(model=""), "--model has an empty value"),
        (Options(master=""), "--master has an empty value"),
        (Options(worker=""), "--worker has an empty value"),
        (Options(scenario=""), "there is no scenario ''"),
        (Options(thresholds=("errors:rate<500%",)), "a share is at most 100 %, which is 1 at column 13"),
        (Options(thresholds=("goodput:rate>1.01",)), "a share is at most 100 %"),
        (Options(processes=10_000), "--processes 10000: expected 1 to"),
        (Options(thresholds=("p95<",)), "--threshold: expected a number at column 5"),
        (Options(thresholds=("cpu:p95<1",)), "unknown metric 'cpu'"),
        (Options(scenario="smok"), "Did you mean 'smoke'?"),
        (Options(junit_file=Path("/proc/nothing/j.xml")), "cannot write /proc/nothing/j.xml"),
        (Options(json_file=Path("/proc")), "cannot write /proc: Is a directory"),
        (Options(json_file=Path("a"), junit_file=Path("a")), "--junit a would be written over --json"),
        (Options(host="localhost:3001"), "--host 'localhost:3001': no http(s) address"),
        (Options(host="http://ann:secret@other:1"), "--host: a user or password in the address"),
        (Options(stages="30s:10", rate="5"), "--stages and --rate contradict each other"),
        (Options(stages="30s:10", users=5), "--stages and --users contradict each other"),
        (Options(rate="1m:5", duration_s=9.0), "--rate and --duration contradict each other"),
        (Options(rate="5", spawn_rate=1.0), "--rate and --spawn-rate contradict each other"),
        (Options(poisson=True), "--poisson is a way of arriving"),
        (Options(rate="-5"), "--rate: a negative number makes no load at column 1\n  -5\n  ^"),
        (Options(stages="30s:10,1m"), "--stages: expected TIME:USERS at column 8"),
        (Options(processes=0), "--processes 0"),
        (Options(master="5557"), "--master 5557: expected HOST:PORT"),
        (Options(worker="h:99999"), "--worker h:99999: expected HOST:PORT"),
        (Options(master="h:1", worker="h:2"), "--master and --worker contradict each other"),
        (Options(engine="fast", processes=2), "--engine fast and --processes contradict each other"),
        (Options(engine="fast", ui=True), "--engine fast and --ui contradict each other"),
        (Options(workers=3), "--workers is for --master"),
        (Options(locustfile=Path("none.py")), "--locustfile none.py: there is no such file"),
        (Options(stages="30s:100000"), "--stages 100000: expected 1 to 1000"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_command_line_is_told_before_anything_starts(
    tmp_path: Path, options: Options, says: str
) -> None:
    http, load = FakeHttp(), FakeLoad([])
    with pytest.raises(WattosError) as caught:
        command.run(options, make_deps(cwd=tmp_path, http=http), start=load.start)
    assert (caught.value.exit_code, says in caught.value.message) == (ExitCode.USAGE, True)
    assert (http.requests, load.plan) == ([], None)


def test_the_parser_hands_over_an_empty_value(tmp_path: Path) -> None:
    with pytest.raises(WattosError, match="--rate has an empty value") as caught:
        execute(["loadtest", "smoke", "--rate", ""], TREE, make_deps(cwd=tmp_path))
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_folder_of_reports_belongs_to_one_run_at_a_time(tmp_path: Path) -> None:
    options, load = Options(report_dir=Path("out"), host="http://other:1"), FakeLoad([])
    (tmp_path / "out").mkdir()
    with alone_in(tmp_path / "out"), pytest.raises(WattosError) as caught:
        command.run(options, make_deps(cwd=tmp_path, http=FakeHttp()), start=load.start)
    assert (caught.value.exit_code, caught.value.code) == (ExitCode.USAGE, "report_folder_in_use")
    assert (load.plan, list((tmp_path / "out").iterdir())) == (None, [])
    with alone_in(tmp_path / "out"), alone_in(None):
        assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    "line", ["from locust import HttpUser", "import os, locust.contrib.fasthttp", "import gevent"]
)
def test_a_file_for_locust_is_not_handed_to_the_fast_engine(tmp_path: Path, line: str) -> None:
    (tmp_path / "theirs.py").write_text(f"{line}\n")
    options = Options(engine="fast", locustfile=Path("theirs.py"), host="http://other:1")
    http, load = FakeHttp(), FakeLoad([])
    with pytest.raises(
        WattosError, match=r"--engine fast runs journeys, and .*theirs\.py is written for Locust"
    ) as caught:
        command.run(options, make_deps(cwd=tmp_path, http=http), start=load.start)
    assert (caught.value.exit_code, http.requests, load.plan) == (ExitCode.USAGE, [], None)


@pytest.mark.parametrize(
    ("text", "package", "needs"),
    [
        ("import locust\n", False, True),
        ("import locust\n", True, False),
        ("from wattos_cli.loadtest.journey import Journey\n", False, False),
        ("from . import locust\n", False, False),
        ("import locust\nclass:\n", False, False),
        ("import locust\0\n", False, False),
    ],
    ids=["of Locust", "journeys beside it", "journeys in it", "a part of theirs", "broken", "no text"],
)
def test_which_files_need_locust(tmp_path: Path, text: str, package: bool, needs: bool) -> None:
    if package:
        (tmp_path / "journeys").mkdir()
        (tmp_path / "journeys" / "__init__.py").touch()
    (tmp_path / "theirs.py").write_text(text)
    assert needs_locust(tmp_path / "theirs.py") is needs


def test_a_port_that_a_master_cannot_have_is_told_with_its_holder(tmp_path: Path) -> None:
    http, load = FakeHttp(), FakeLoad([])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(WattosError) as caught:
            command.run(Options(master=address), make_deps(cwd=tmp_path, http=http), start=load.start)
    error = caught.value
    assert (error.exit_code, error.code) == (ExitCode.UNREACHABLE, "port_in_use")
    assert error.message.startswith(
        f"the master cannot listen at {address}: it is taken by pid {os.getpid()}: "
    )
    assert (http.requests, load.plan) == ([], None)


@pytest.mark.parametrize("address", ["192.0.2.1:5557", "no-such-host.invalid:5557", "[2001:db8::1]:5557"])
def test_an_address_that_is_not_this_machines_is_told(address: str) -> None:
    with pytest.raises(WattosError, match="the master cannot listen at ") as caught:
        require_free(address)
    assert (caught.value.exit_code, caught.value.code) == (ExitCode.UNREACHABLE, "port_unusable")


def test_any_free_port_is_free() -> None:
    require_free("127.0.0.1:0")
