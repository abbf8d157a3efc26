"""Every failure becomes text and a code in one place, one case per row of the exit-code table."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wattos_cli.__main__ import main
from wattos_cli.app import execute as execute_app
from wattos_cli.config.problems import Problem, config_error
from wattos_cli.dispatch.failures import as_text
from wattos_cli.errors import MEANINGS, ExitCode, WattosError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def raising(error: BaseException) -> Callable[[list[str]], int]:
    def execute(argv: list[str]) -> int:
        raise error

    return execute


def killing(number: signal.Signals) -> Callable[[list[str]], int]:
    def execute(argv: list[str]) -> int:
        os.kill(os.getpid(), number)
        signal.pause()
        return 0

    return execute


ROWS = {
    ExitCode.OK: lambda argv: 0,
    ExitCode.NO: raising(
        WattosError("port 3001 is taken by pid 7 (nginx)", hint="wattos up --port-offset 100")
    ),
    ExitCode.USAGE: execute_app,
    ExitCode.CONFIG: raising(WattosError("wattos.toml:1:1: bad", exit_code=ExitCode.CONFIG)),
    ExitCode.UNREACHABLE: raising(WattosError("not running", exit_code=ExitCode.UNREACHABLE)),
    ExitCode.INTERNAL: raising(ZeroDivisionError("division by zero")),
    ExitCode.INTERRUPTED: killing(signal.SIGINT),
    ExitCode.TERMINATED: killing(signal.SIGTERM),
}


@pytest.fixture(autouse=True)
def _crash_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep crash reports out of the folder that the whole machine shares."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.mark.parametrize("code", list(ExitCode), ids=[f"exit-{code:d}" for code in ExitCode])
def test_exit_code(code: ExitCode, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-command"], ROWS[code]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err


def test_every_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(ExitCode)


def test_a_foreseen_failure_names_reason_and_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    main(["up"], ROWS[ExitCode.NO])
    assert capsys.readouterr().err == (
        "error: port 3001 is taken by pid 7 (nginx)\n  hint: wattos up --port-offset 100\n"
    )


@pytest.mark.parametrize("flags", [["-o", "json"], ["-ojson"], ["--output=json"], ["--output", "json"]])
def test_json_mode_writes_the_error_shape(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-command", *flags]) == ExitCode.USAGE
    body = json.loads(capsys.readouterr().err)
    assert body["schema"] == "wattos.error/v1"
    assert body["code"] == "usage"
    assert "no-such-command" in body["message"]


@pytest.mark.parametrize(
    ("argv", "message", "hint"),
    [
        (["health", "--timeout"], "Option '--timeout' requires an argument.", "wattos health --help"),
        (
            ["env", "--format", "fish"],
            "Invalid value for '--format': 'fish' is not one of",
            "wattos env --help",
        ),
        (["token", "create", "--nope"], "No such option: --nope", "wattos token create --help"),
        (["logs", "-n", "x"], "'-n' / '--lines': expected a whole number\n", "wattos logs --help"),
        (
            ["loadtest", "run", "--spawn-rate", "x"],
            "'--spawn-rate': expected a number\n",
            "wattos loadtest run --help",
        ),
        (["logs", "-n", "\udcff"], "'-n' / '--lines': expected UTF-8 text\n", "wattos logs --help"),
        (["token"], "Missing command.", "wattos token --help"),
        (["loadtest", "--users", "x"], "'--users': expected a whole number\n", "wattos loadtest run --help"),
        (["loadtest", "--threshold"], "'--threshold'", "wattos loadtest run --help"),
        (["loadtest", "smoke", "--threshold"], "'--threshold'", "wattos loadtest run --help"),
        (["drill", "mine", "--report"], "'--report'", "wattos drill run --help"),
        (["metrics", "--nope"], "No such option: --nope", "wattos metrics overview --help"),
        (["restart"], "Missing argument 'SERVICES'.", "wattos restart --help"),
        (["\udcff"], "No such command", "wattos --help"),
    ],
)
def test_usage_error_names_the_right_help(
    argv: list[str], message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == ExitCode.USAGE
    shown = capsys.readouterr().err
    assert message in shown
    assert f"hint: {hint}\n" in shown


def test_a_word_that_is_no_text_is_no_bug(capsys: pytest.CaptureFixture[str]) -> None:
    word = "gr\udcfc\udcdfe"
    failure = UnicodeEncodeError("utf-8", word, 2, 4, "surrogates not allowed")
    assert main(["ask", word], raising(failure)) == ExitCode.USAGE
    assert r"error: 'gr\udcfc\udcdfe' on the command line is not UTF-8 text" in capsys.readouterr().err


def test_a_folder_whose_name_is_no_text_is_no_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "gr\udcfcn"
    folder.mkdir()
    monkeypatch.chdir(folder)
    failure = UnicodeEncodeError("utf-8", str(folder), 0, 1, "surrogates not allowed")
    assert main(["up"], raising(failure)) == ExitCode.USAGE
    assert r"gr\udcfcn' is not UTF-8 text" in capsys.readouterr().err


def test_typo_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["helth"]) == ExitCode.USAGE
    assert "Did you mean 'health'" in capsys.readouterr().err


def test_bug_leaves_a_report_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["ask", "wk_abcdefgh12345678"], raising(RuntimeError("key sk-abcdef123456789012")))
        == ExitCode.INTERNAL
    )
    message = capsys.readouterr().err
    path = Path(message.split("Crash report: ")[1].split("\n")[0])
    report = path.read_text()
    path.unlink()
    assert "RuntimeError" in report
    assert "sk-abcdef" not in report
    assert "wk_abcdefgh" not in report


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            FileNotFoundError(2, "No such file or directory", "/nope/x.xml"),
            "/nope/x.xml: No such file or directory",
        ),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
def test_what_the_system_refuses_is_no_bug(
    error: OSError, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["health"], raising(error)) == ExitCode.NO
    assert f"error: {text}\n" in capsys.readouterr().err


@pytest.mark.parametrize("argv", ["help exit-codes", "config schema"])
@pytest.mark.parametrize(
    ("redirection", "code"),
    [(">/dev/full", 1), (">&-", 0), ("2>&-", 0), ("<&-", 0)],
    ids=["full", "1", "2", "0"],
)
def test_streams_that_are_full_or_closed(redirection: str, code: int, argv: str) -> None:
    command = f'cd "{ROOT}" && "{sys.executable}" -m wattos_cli {argv} {redirection}'
    done = subprocess.run(
        ["sh", "-c", command],
        env={**os.environ, "PYTHONPATH": ".:platform"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert ("stdout: No space left on device" in done.stderr) is (code == 1)


def test_a_removed_folder_is_told(tmp_path: Path) -> None:
    command = f'mkdir gone && cd gone && rmdir ../gone && "{sys.executable}" -m wattos_cli ps'
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")])}
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        ExitCode.USAGE,
        "error: the current folder does not exist any more",
    )


def test_github_gets_an_annotation(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    main(["up"], raising(WattosError("two\nlines")))
    assert "::error title=wattos::two%0Alines\n" in capsys.readouterr().err


def test_github_shows_a_wrong_setting_in_its_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    problems = [Problem("wattos.toml:3:1", "unknown key 'x'."), Problem("environment", "A and B differ.")]
    main(["up"], raising(config_error(problems)))
    assert "::error file=wattos.toml,line=3,col=1,title=wattos::unknown key 'x'.\n" in capsys.readouterr().err


def test_the_second_interrupt_ends_at_once() -> None:
    code = """
import os, signal, sys, time
from wattos_cli.__main__ import main
def execute(argv):
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        print("cleaning up", flush=True)
        time.sleep(60)
sys.exit(main(["up"], execute))
"""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")])}
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environ)
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "cleaning up\n"
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=20) == ExitCode.INTERRUPTED


def test_closed_pipe_is_quiet() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    child = os.posix_spawn(
        "/bin/sh",
        ["sh", "-c", f'cd "{ROOT}" && "{sys.executable}" -m wattos_cli --help'],
        {**os.environ, "PYTHONPATH": ".:platform"},
        file_actions=[(os.POSIX_SPAWN_DUP2, write_end, 1)],
    )
    os.close(write_end)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_an_error_cannot_control_the_terminal() -> None:
    error = WattosError("it said: \x1b[2J\n  line two", hint="see \u202eit")
    assert as_text(error, color=False, environ={}) == (
        "error: it said: \\x1b[2J\n  line two\n  hint: see \\u202eit"
    )


@pytest.mark.parametrize("width", [1, 7, 8, 9])
def test_an_error_is_told_however_narrow_the_terminal_is(width: int) -> None:
    error = WattosError("nothing is there", hint="name another one")
    told = as_text(error, color=False, environ={}, width=width)
    assert " ".join(told.split()) == "error: nothing is there hint: name another one"
