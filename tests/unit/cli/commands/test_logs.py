"""`wattos logs`: which lines are shown, in which form, and what harms no terminal."""

import io
import json
import os
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.fakes.cli.deps import Terminal
from tests.fakes.cli.logfiles import T0, line, write
from wattos_cli.app import build_deps, execute
from wattos_cli.commands.logs import Options, command
from wattos_cli.deps import Deps
from wattos_cli.dispatch.tree import Entry
from wattos_cli.errors import ExitCode, WattosError

ROOT = Path(__file__).resolve().parents[4]
TREE = (Entry("logs", "Logs.", "wattos_cli.commands.logs"),)


class Screen:
    """Runs `wattos logs` in a folder and keeps what it wrote."""

    def __init__(self, cwd: Path) -> None:
        self.cwd = cwd
        self.out = ""
        self.err = ""

    def logs(self, *argv: str, terminal: bool = False, stdin: str = "") -> "Screen":
        out, err = Terminal() if terminal else io.StringIO(), io.StringIO()
        deps = replace(
            build_deps({"NO_COLOR": "1"}, io.StringIO(stdin), out, err),
            cwd=self.cwd,
            clock=lambda: T0 + 100,
            sleep=lambda _s: None,
        )
        assert execute(["logs", *argv], TREE, deps) == ExitCode.OK
        self.out, self.err = out.getvalue(), err.getvalue()
        return self

    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.out.splitlines()]

    def error(self, *argv: str) -> WattosError:
        with pytest.raises(WattosError) as caught:
            self.logs(*argv)
        return caught.value


@pytest.fixture
def screen(tmp_path: Path) -> Screen:
    logs = tmp_path / ".wattos" / "logs"
    logs.mkdir(parents=True)
    write(logs / "chat.0.log.1", [line(1, "first run", event="service.started")])
    write(
        logs / "chat.0.log",
        [
            line(10, "up", event="service.started"),
            line(12, "slow", duration_ms=700, request_id="r1"),
            b"Traceback:",
            b'{"broken',
            line(14, "bad \x1b[31m\u202e", level="error", **{"error.stack": "one\ntwo"}),
        ],
    )
    write(logs / "gateway.0.log", [line(11, "in", duration_ms=100, service="gateway")])
    return Screen(tmp_path)


TABLE = """\
2026-11-18T11:06:50.000Z INFO     chat-0        up event=service.started
2026-11-18T11:06:51.000Z INFO     gateway-0     in duration_ms=100
2026-11-18T11:06:52.000Z INFO     chat-0        slow duration_ms=700 request_id=r1
    Traceback:
2026-11-18T11:06:52.000Z BAD      chat-0        chat.0.log:4: broken JSON: {}: {{"broken
2026-11-18T11:06:54.000Z ERROR    chat-0        bad \\x1b[31m\\u202e
  error.stack:
    one
    two
"""


def test_the_current_run_of_all_services_in_order_of_time(screen: Screen) -> None:
    screen.logs()
    assert screen.out == TABLE.format("Unterminated string starting at column 2")
    assert screen.err == "6 lines read: 5 shown, 0 filtered, 1 bad\n"


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["--run", "last"], ["first run"]),
        (["--run", "1"], ["first run"]),
        (["--run", "7"], []),
        (["--run", "all", "--level", "info"], ["first run", "up", "in", "slow", "bad \x1b[31m\u202e"]),
        (["gateway"], ["in"]),
        (["gateway-0"], ["in"]),
        (["chat.0", "-n", "1"], ["bad \x1b[31m\u202e"]),
        (["--request", "r1"], ["slow"]),
        (["--since", "-90s", "--until", "2026-11-18T11:06:51Z"], ["up", "in"]),
        (["--since", "-99s", "--until", "-95s"], ["first run"]),
        (["--level", "ERROR"], ["bad \x1b[31m\u202e"]),
        (["--grep", "Trace"], ["slow"]),
        (["--where", "duration_ms > 0.5s", "--where", "request_id = r1"], ["slow"]),
    ],
    ids=lambda value: " ".join(value) if value and value[0].startswith(("-", "g", "c")) else None,
)
def test_what_is_asked_is_what_is_shown(screen: Screen, argv: list[str], expected: list[str]) -> None:
    screen.logs(*argv, "-o", "json")
    assert [value["message"] for value in screen.objects() if "message" in value] == expected


def test_raw_is_byte_for_byte_into_a_pipe_and_harmless_on_a_terminal(tmp_path: Path) -> None:
    text = "plain \x1b]0;owned\x07 \x9b31m \u202e \u2028 \u200b end\t."
    path = tmp_path / "x.log"
    path.write_bytes(text.encode() + b"\n")
    assert Screen(tmp_path).logs("--file", str(path), "-o", "raw").out == text + "\n"
    escaped = r"plain \x1b]0;owned\x07 \x9b31m \u202e \u2028 \u200b end\t."
    assert Screen(tmp_path).logs("--file", str(path), "-o", "raw", terminal=True).out == escaped + "\n"


def test_json_on_a_terminal_means_the_same_and_holds_no_control_character(tmp_path: Path) -> None:
    record = {"message": "\x9b31m \u202e \U000e0001", "k\u2028ey": 1}
    path = tmp_path / "x.log"
    path.write_text(json.dumps(record, ensure_ascii=False) + "\n")
    screen = Screen(tmp_path).logs("--file", str(path), "-o", "json", terminal=True)
    assert screen.objects() == [record]
    assert screen.out.isascii()


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0), 0x200E, 0x202E, 0x2066, 0x061C, 0xFEFF])
def test_no_value_reaches_the_terminal_as_a_control(tmp_path: Path, code: int) -> None:
    write(
        tmp_path / "x.log", [line(1, f"a{chr(code)}b", **{f"k{chr(code)}": chr(code), "service": chr(code)})]
    )
    for form in ("table", "json", "raw"):
        out = Screen(tmp_path).logs("--file", "x.log", "-o", form, terminal=True).out
        assert not {chr(code)} - {"\n"} & set(out)


def test_every_line_of_json_fits_its_schema(screen: Screen) -> None:
    schemas = ROOT / "docs" / "reference" / "schemas"
    text = json.loads((schemas / "wattos.logs-text.v1.json").read_text())
    others = [value for value in screen.logs("-o", "json").objects() if "schema" in value]
    assert [value["kind"] for value in others] == ["text", "bad"]
    for value in others:
        jsonschema.validate(value, text)
    for option, name in (("--count-by", "count"), ("--stats", "stats")):
        schema = json.loads((schemas / f"wattos.logs-{name}.v1.json").read_text())
        (value,) = screen.logs(option, "duration_ms", "-o", "json").objects()
        jsonschema.validate(value, schema)


def test_figures(screen: Screen) -> None:
    assert screen.logs("--count-by", "level").out == "COUNT  LEVEL\n    3  info\n    1  error\n"
    assert screen.logs("--stats", "duration_ms", "-o", "json").objects()[0]["p95"] == pytest.approx(670)
    assert "p99          -\n" in screen.logs("--stats", "nothing").out


def test_standard_input(tmp_path: Path) -> None:
    text = b"\n".join([line(2, "two"), b"Traceback", line(1, "one"), b"7"]).decode()
    screen = Screen(tmp_path).logs("--file", "-", stdin=text, terminal=False)
    assert [text.split()[-1] for text in screen.out.splitlines()] == ["two", "Traceback", "one", "7"]
    assert "stdin:4: JSON, but not an object" in screen.out


def test_an_own_service_from_wattos_toml(tmp_path: Path) -> None:
    (tmp_path / "wattos.toml").write_text('[services.shop]\ncommand = ["true"]\nlog_file = "var/shop.txt"\n')
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "shop.txt").write_text("2026-11-18 11:06:50 open\n")
    assert (
        Screen(tmp_path).logs("shop").out
        == "2026-11-18T11:06:50.000Z -        shop          2026-11-18 11:06:50 open\n"
    )


def test_a_wrong_wattos_toml_does_not_stop_reading(screen: Screen) -> None:
    (screen.cwd / "wattos.toml").write_text("nonsense =")
    assert "wattos.toml is not usable" in screen.logs("gateway").err
    assert "in duration_ms=100" in screen.out


def test_nothing_there_is_no_failure(tmp_path: Path) -> None:
    screen = Screen(tmp_path).logs("chat")
    assert (screen.out, "wattos up" in screen.err) == ("", True)


def test_a_time_of_which_nothing_was_written_is_not_called_a_fresh_project(screen: Screen) -> None:
    assert screen.logs("--until", "2001-01-01").err == "No log lines in that time.\n"


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["nope"], "no service 'nope' has logs here."),
        (["gatewya"], "Did you mean 'gateway'?"),
        (["--since", "yesterday"], "--since: 'yesterday' is neither RFC 3339"),
        (["--since", "-5m", "--until", "-10m"], "--since is later than --until"),
        (["--level", "loud"], "--level loud: no such level."),
        (["--grep", "a("], "--grep: wrong regular expression"),
        (["--where", "a >"], "--where: expected a value at column 4\n  a >\n     ^"),
        (["--run", "first"], "--run first: neither"),
        (["-n", "-1"], "-n -1: a number of lines is not negative."),
        (["--file", "nothing.log"], "--file nothing.log: there is no such file."),
        (["--file", "."], "--file .: that is a folder."),
        (["--file", "-", "-f"], "--file - reads standard input"),
        (["--file", "x", "chat"], "--file reads that file alone"),
        (["-f", "--until", "-1m"], "--follow goes on for ever"),
        (["--count-by", "a", "--stats", "b"], "two questions"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_command_line_names_what_is_wrong(screen: Screen, argv: list[str], says: str) -> None:
    error = screen.error(*argv)
    assert says in error.message
    assert error.exit_code == ExitCode.USAGE
    assert error.hint


DOCUMENTED = [
    shlex.split(text, comments=True)[2:]
    for text in (ROOT / "docs" / "how-to" / "logs.md").read_text(encoding="utf-8").splitlines()
    if text.startswith("wattos logs")
]


@pytest.mark.parametrize("argv", DOCUMENTED, ids=" ".join)
def test_every_documented_command_runs(screen: Screen, argv: list[str]) -> None:
    screen.logs(*argv)


def test_a_pipe_is_read_from_stdin(screen: Screen) -> None:
    os.mkfifo(screen.cwd / "pipe")
    error = screen.error("--file", "pipe")
    assert "not a regular file" in error.message
    assert error.hint.endswith("COMMAND | wattos logs --file -")


def test_a_file_that_may_not_be_read(screen: Screen) -> None:
    (screen.cwd / ".wattos" / "logs" / "rag.0.log").mkdir()
    error = screen.error("rag")
    assert (error.code, error.exit_code) == ("log_not_readable", ExitCode.NO)


def test_the_parser_hands_over_what_was_typed(screen: Screen) -> None:
    seen: list[Options] = []

    def fake(opts: Options, _deps: Deps) -> ExitCode:
        seen.append(opts)
        return ExitCode.OK

    deps = build_deps({}, io.StringIO(), io.StringIO(), io.StringIO())
    command(run=fake)(deps, services=["chat"], follow=True, where=["a = 1"], run_="last")
    assert seen == [Options(("chat",), follow=True, where=("a = 1",), run="last")]
