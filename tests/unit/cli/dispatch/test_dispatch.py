"""argv reaches a command's `run` with the right Options, with and without typer."""

import io
import sys
import types
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.cli.deps import make_deps
from wattos_cli import app
from wattos_cli.deps import Deps
from wattos_cli.dispatch import lazy, quick
from wattos_cli.dispatch.globals import Current, bound, parameters_of
from wattos_cli.dispatch.tree import Entry, with_default_verb
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.parameters import Argument, Option


class Probe(StrEnum):
    FULL = "full"
    FAST = "fast"


SEEN: list[tuple[dict[str, Any], Deps]] = []


def command() -> Any:
    def sample(
        deps: Deps,
        *,
        first: Annotated[str, Argument(help="First.")],
        rest: Annotated[list[str] | None, Argument(help="Rest.")] = None,
        probe: Annotated[Probe, Option("--probe", "-p", help="Probe.")] = Probe.FULL,
        lines: Annotated[int | None, Option("-n", "--lines", help="Lines.")] = None,
        ratio: Annotated[float, Option("--ratio", help="Ratio.")] = 0.5,
        file: Annotated[Path | None, Option("--file", help="File.")] = None,
        where: Annotated[list[str] | None, Option("--where", help="Where.")] = None,
        follow: Annotated[bool, Option("-f", "--follow", help="Follow.")] = False,
    ) -> ExitCode:
        """Do it."""
        SEEN.append((dict(locals()), deps))
        return ExitCode.NO

    return sample


@pytest.fixture(autouse=True)
def _module() -> Any:
    module = types.ModuleType("sample_command")
    vars(module)["command"] = command
    sys.modules["sample_command"] = module
    SEEN.clear()
    yield
    del sys.modules["sample_command"]


TREE = (
    Entry("sample", "Sample.", "sample_command"),
    Entry("noun", "Noun.", children=(Entry("run", "Run.", "sample_command"),), default_verb="run"),
    Entry(
        "named",
        "Named.",
        children=(Entry("list", "List.", "sample_command"), Entry("run", "Run.", "sample_command")),
        default_verb="list",
        naming_verb="run",
    ),
)

WORDS = st.sampled_from(
    ["a", "b", "-f", "--follow", "-n", "7", "-n7", "--lines=3", "--lines", "x", "--probe", "fast", "-p",
     "full", "--probe=slow", "--ratio", "1.5", "--where", "k = 1", "--where=z", "--file", "/tmp/x", "--", "-",
     "-o", "json", "-ojson", "--output=json", "--output", "yaml",
     "--no-color", "-C", "/", "--unknown", "-fn", "", "-fp"],
)  # fmt: skip


def outcome(run: Any) -> tuple[Any, Any]:
    SEEN.clear()
    try:
        code = run()
    except Exception as error:  # noqa: BLE001 - whatever typer raises counts as "refused"
        return type(error).__name__, None
    values, deps = SEEN[-1]
    values.pop("deps")
    return code, (values, deps.cwd, deps.console.json_output, deps.console.color)


@given(st.lists(WORDS, max_size=6))
@settings(max_examples=300)
def test_the_quick_reader_reads_what_typer_reads(tail: list[str]) -> None:
    deps = make_deps()
    argv = ["sample", *tail]
    by_typer = outcome(lambda: lazy.invoke(lazy.build(TREE, deps), argv))
    values = quick.bind(parameters_of(command()), tail)
    if values is None:
        return
    by_hand = outcome(lambda: bound(command(), Current(deps))(**values))
    assert by_hand == by_typer


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["sample", "a", "--follow"], {"first": "a", "follow": True}),
        (["sample", "--follow", "a", "b", "c"], {"first": "a", "rest": ["b", "c"], "follow": True}),
        (["sample", "a", "-n", "3", "--where", "x", "--where=y"], {"lines": 3, "where": ["x", "y"]}),
        (["-o", "json", "sample", "a"], {"first": "a"}),
        (["noun", "run", "a"], {"first": "a"}),
        (["noun", "a", "-f"], {"first": "a", "follow": True}),
        (["noun", "-f", "a"], {"first": "a", "follow": True}),
        (["--no-color", "-C", "/", "noun", "a"], {"first": "a"}),
    ],
)
def test_argv_reaches_the_command(argv: list[str], expected: dict[str, Any]) -> None:
    assert app.execute(argv, TREE, make_deps()) == ExitCode.NO
    assert {key: SEEN[-1][0][key] for key in expected} == expected


@pytest.mark.parametrize(
    "argv", [["-C", "/", "sample", "a"], ["sample", "a", "-C", "/"], ["sample", "-C/", "a"]]
)
def test_global_options_stand_anywhere(argv: list[str]) -> None:
    app.execute(argv, TREE, make_deps())
    assert SEEN[-1][1].cwd == Path("/")


def test_unknown_folder_is_a_usage_error() -> None:
    with pytest.raises(WattosError) as caught:
        app.execute(["-C", "/no/such", "sample", "a"], TREE, make_deps())
    assert (caught.value.exit_code, caught.value.code) == (ExitCode.USAGE, "no_such_folder")


def test_no_module_is_imported_before_its_command_is_called() -> None:
    tree = (*TREE, Entry("absent", "Absent.", "no_such_module"))
    assert app.execute(["sample", "a"], tree, make_deps()) == ExitCode.NO


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["noun", "x"], ["noun", "run", "x"]),
        (["noun"], ["noun", "run"]),
        (["noun", "--help"], ["noun", "--help"]),
        (["-C", "noun", "noun", "run"], ["-C", "noun", "noun", "run"]),
        (["sample", "noun"], ["sample", "noun"]),
        (["named"], ["named", "list"]),
        (["named", "-C", "/"], ["named", "list", "-C", "/"]),
        (["named", "list"], ["named", "list"]),
        (["named", "x"], ["named", "run", "x"]),
        (["named", "--junit", "f.xml", "x"], ["named", "run", "--junit", "f.xml", "x"]),
        (["named", "-C", "/", "x"], ["named", "run", "-C", "/", "x"]),
    ],
)
def test_default_verb(argv: list[str], expected: list[str]) -> None:
    assert with_default_verb(argv, TREE, frozenset({"-C"})) == expected


def test_json_stdout_is_one_line() -> None:
    deps = make_deps()
    deps.console.json({"a": "x\ny"})
    stdout = deps.console.stdout
    assert isinstance(stdout, io.StringIO)
    assert stdout.getvalue() == '{"a": "x\\ny"}\n'
