"""A drill's file: every mistake is told with its place before anything starts; ours have none."""

import re
from pathlib import Path

import pytest

from tests.fakes.drills.files import OUTAGE as RIGHT
from wattos_cli.drills.files.built_in import built_in_files, built_in_names
from wattos_cli.drills.files.catalogue import drills_called, file_of
from wattos_cli.drills.files.reading import read_drill
from wattos_cli.errors import ExitCode, WattosError

ASSERTED = 'breaker = "llm:openai"\nstate = "open"'


def problems(tmp_path: Path, text: str) -> str:
    path = tmp_path / "my.toml"
    path.write_text(text)
    with pytest.raises(WattosError) as caught:
        read_drill(path)
    assert caught.value.exit_code == ExitCode.CONFIG
    assert "wattos drill show" in caught.value.hint
    return caught.value.message


def test_one_without_mistakes_is_read(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text(RIGHT)
    drill = read_drill(tmp_path / "my.toml")
    assert (drill.name, drill.phases.steady, drill.phases.fault) == ("mine", 3.0, 8.0)
    assert drill.needs == {"gateway", "llm-gateway", "simulator"}
    assert drill.steady[0].when == "steady"
    assert drill.steady[0].title == "errors:rate<1% (steady)"
    assert drill.assertions[0].title == "breaker llm:openai is open"
    assert drill.ttl_s(drill.fault[0]) == 38.0


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[load]", "colour = 1\n[load]", "my.toml:4:1: unknown key 'colour'. Known: "),
        ('"8s"', '"8x"', "my.toml:7:1: phases.fault: '8x' has the unknown unit 'x'"),
        ('"8s"', '"0s"', "my.toml:7:1: phases.fault: expected more than 0"),
        ('"8s"', '"11m"', "my.toml:7:1: phases.fault: at most 10m."),
        ("Model = 1", "Model = 0", "my.toml:5:14: load.journeys.Model: input should be greater"),
        ("{ Model = 1 }", "{ Modell = 1 }", "my.toml:5:14: load.journeys: there is no journey 'Modell'. Did"),
        ("{ Model = 1 }", "{}", "my.toml:5:1: load.journeys: "),
        ("[load]", "[laod]", "my.toml:4:2: unknown key 'laod'. Did you mean 'load'?"),
        ('"mine"', '"My Drill"', "my.toml:1:1: name: string should match pattern"),
        ("errors:rate<1%", "erors:rate<1%", "my.toml:10:14: steady.threshold: unknown metric 'erors'"),
        ("errors:rate<1%", "errors:rate<1x", "my.toml:10:27: steady.threshold: unknown unit 'x'"),
        ("threshold =", "treshold =", "my.toml:10:1: steady: nothing to hold. Did you mean 'threshold'?"),
        ('kind = "simulator"', 'kind = "simulatr"', "my.toml:12:1: fault: there is no kind of fault"),
        ('kind = "simulator"\n', "", "my.toml:11:3: fault: kind is missing."),
        ("status = 503", "statsu = 503", "my.toml:13:30: unknown key 'statsu'. Did you mean 'status'?"),
        ("status = 503", "status = 200", "my.toml:13:30: fault.request.status: input should be greater"),
        ("status = 503", "ttl_s = 5", "my.toml:13:30: fault.request.ttl_s: leave it out"),
        ('kind = "status"', 'kind = "fire"', "my.toml:13:1: fault.request: input tag 'fire'"),
        ('state = "open"', 'state = "opn"', "my.toml:18:1: assertions.state"),
        ('when = "fault"', 'when = "wenn"', "my.toml:15:1: assertions.when: input should be"),
        ('when = "fault"\n', "", "my.toml:14:3: assertions.when is missing."),
        ('within = "3s"', 'for = "3s"', "my.toml:16:1: assertions.for: name the time by which it must"),
        ('within = "3s"', 'within = "3s"\nalways = true', "my.toml:17:1: assertions.always: it holds all"),
        ('within = "3s"', 'within = "9s"', "my.toml:16:1: assertions: within and for are longer than"),
        ('state = "open"', 'health = "healthy"', "both breaker and health: make an assertion of each"),
        (ASSERTED, 'promql = "up("', "my.toml:17:14: assertions.promql: not PromQL"),
        (ASSERTED, 'promql = "up"', "an assertion compares series"),
        (ASSERTED, 'simulator = "totl<3"', "my.toml:17:14: assertions.simulator: there is no figure"),
        (ASSERTED, 'simulator = "total"', "my.toml:17:14: assertions.simulator: expected NAME OP NUMBER"),
        (ASSERTED, 'figure = "x<1"', "my.toml:17:11: assertions.figure: there is no figure 'x'. Known: "),
        (ASSERTED, 'threshold = "p95<1s"', "my.toml:16:1: assertions.within: this is judged when its"),
        ('kind = "simulator"', 'after = "8s"\nkind = "simulator"', "my.toml:12:1: fault: after is beyond"),
        ("[[steady]]", "steady = 3\n[[x]]", "steady: expected at least one table [[steady]]."),
        ("summary =", "summary", "my.toml:2:9: "),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert told in problems(tmp_path, RIGHT.replace(old, new, 1))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    wrong = RIGHT.replace("8s", "8x").replace("rate<1%", "rat<1%").replace("status = 503", "status = 3")
    wrong = wrong.replace("{ Model = 1 }", "{ Modell = 1 }")
    places = re.findall(r"my\.toml:(\d+):(\d+): ", problems(tmp_path, wrong))
    assert [(int(line), int(column)) for line, column in places] == [(5, 14), (7, 1), (10, 21), (13, 30)]


def test_what_is_wrong_with_an_expression_is_marked_in_its_line(tmp_path: Path) -> None:
    lines = problems(tmp_path, RIGHT.replace("errors:rate<1%", "errors:rat<1%")).split("\n")
    assert [line.strip() for line in lines] == [
        "my.toml:10:21: steady.threshold: expected an aggregate of errors (rate, count).",
        'threshold = "errors:rat<1%"',
        "^",
    ]
    assert lines[2].index("^") == lines[1].index("rat")


def test_an_expression_that_is_written_with_escapes_is_marked_as_it_is_read(tmp_path: Path) -> None:
    lines = problems(tmp_path, RIGHT.replace("errors:rate<1%", "errors:r\\u0061t<1%")).split("\n")
    assert [line.strip() for line in lines] == [
        "my.toml:10:1: steady.threshold: expected an aggregate of errors (rate, count).",
        "errors:rat<1%",
        "^",
    ]
    assert lines[2].index("^") == lines[1].index("rat")


def test_no_sentence_ends_twice(tmp_path: Path) -> None:
    without_times = RIGHT.replace('within = "3s"\n', "")
    assert "user_errors.\n" in problems(tmp_path, without_times.replace(ASSERTED, 'figure = "x<1"'))
    told = problems(tmp_path, without_times.replace(ASSERTED, 'simulator = "totl<1"'))
    assert "Did you mean 'total'?\n" in told


@pytest.mark.parametrize("load", ["load = 3", "[load]\njourneys = 3", "[load]\njourneys = ['Model']"])
def test_a_load_that_is_none_is_told(tmp_path: Path, load: str) -> None:
    assert ": load" in problems(tmp_path, RIGHT.replace("[load]\njourneys = { Model = 1 }", load, 1))


@pytest.mark.parametrize("name", built_in_names())
def test_built_in_drills_are_called_as_their_files(name: str) -> None:
    (drill,) = drills_called([name], Path("/"))
    assert drill.name == name
    assert drill.phases.of("steady") + drill.phases.of("whole") <= 60


def test_built_in_drills_there_are() -> None:
    assert {
        "llm-outage", "llm-slow", "llm-429", "stream-stall", "cascading", "recovery-herd",
    } <= set(built_in_files())  # fmt: skip


def test_one_of_your_own_is_named_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text(RIGHT)
    assert [drill.name for drill in drills_called(["./my.toml", "llm-outage"], tmp_path)] == [
        "mine",
        "llm-outage",
    ]


def test_a_file_that_cannot_be_read_is_a_usage_error() -> None:
    with pytest.raises(WattosError, match=r"cannot read /proc/self/mem: Input/output error") as caught:
        drills_called(["/proc/self/mem"], Path("/"))
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("llm-outrage", "there is no drill 'llm-outrage'. Did you mean 'llm-outage'?"),
        ("./none.toml", "there is no file ./none.toml"),
        ("none.json/", "there is no file none.json/"),
        ("./folder.json", "./folder.json is a folder, not a drill's file"),
        ("folder.json", "folder.json is a folder, not a drill's file"),
        ("/dev/null", "/dev/null is neither a file nor a pipe"),
    ],
)
def test_what_is_neither_is_a_usage_error(tmp_path: Path, word: str, told: str) -> None:
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(WattosError) as caught:
        file_of(word, tmp_path)
    assert (caught.value.message, caught.value.exit_code) == (told, ExitCode.USAGE)
