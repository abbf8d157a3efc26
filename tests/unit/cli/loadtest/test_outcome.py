"""The result object: what a run was made under, how it went, and what makes it invalid."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from tests.fakes.loadtest.generation import second
from wattos_cli.loadtest.judging.judgement import judge
from wattos_cli.loadtest.judging.thresholds import parse
from wattos_cli.loadtest.judging.verdict import Stopped, reasons, verdict
from wattos_cli.loadtest.measuring.interval import Interval, Slow
from wattos_cli.loadtest.measuring.measured import Ending, Measured
from wattos_cli.loadtest.plan import Arrivals, Crew, Plan, Stage
from wattos_cli.loadtest.result.document import document
from wattos_cli.loadtest.result.environment import environment, machine, scenario_hash
from wattos_cli.loadtest.result.outcome import Run, outcome
from wattos_cli.loadtest.result.reading import decode
from wattos_cli.loadtest.result.seen import ServerChart, ServerSeries, Transition
from wattos_cli.loadtest.result.shape import Result

ROOT = Path(__file__).resolve().parents[4]
SCHEMA = json.loads((ROOT / "docs/reference/schemas/wattos.loadtest.v1.json").read_text())
BUNDLED = ROOT / "loadtests" / "locustfile.py"
PLAN = Plan(BUNDLED, {"Chat": 1}, "http://x", 10, 5.0, 60.0)
OPEN = replace(PLAN, arrivals=Arrivals(5.0, (Stage(30, 50), Stage(30, 50)), poisson=True))


def measured(intervals: Sequence[Interval], **ending: Any) -> Measured:
    run = Measured(ending=Ending(**{"duration_s": float(len(intervals)), **ending}))
    for interval in intervals:
        run.add(interval)
    return run


def written(result: Result) -> dict[str, Any]:
    return dict(json.loads(msgspec.json.encode(result)))


def test_every_field_is_there_and_keeps_the_schema() -> None:
    seconds = [second(at, 10, 20, 400) for at in range(300)]
    for at, interval in enumerate(seconds):
        interval.due, interval.dropped, interval.cpu_s = 10, at % 2, 0.25
        interval.lateness.add(0.5)
        interval.note_slow(Slow(400.0, float(at), "GET /x", 200, "ab" * 16))
        requests = interval.requests["GET /x"]
        requests.tokens = 30
        requests.pace.add(30.0)
    run = Run(
        "chat",
        OPEN,
        "2026-01-01T00:00:00.000Z",
        environment=environment(OPEN),
        server=[ServerChart("Requests", "/s", [ServerSeries("chat", [(0.0, 1.0)])])],
        breakers=[Transition(3.2, "chat", "hop:rag", "closed", "open", 0, "failure_rate")],
    )
    whole = outcome(run, measured(seconds), judge([parse("p95<1s")], measured(seconds)))
    result = written(whole)
    assert decode(msgspec.json.encode(whole), "r.json") == whole
    jsonschema.validate(result, SCHEMA)
    assert result["load"]["arrivals"] == {
        "shape": "poisson",
        "start": 5.0,
        "stages": [{"duration_s": 30, "rate": 50}, {"duration_s": 30, "rate": 50}],
    }
    assert result["arrivals"]["intended"] == 3000
    assert result["arrivals"]["lateness_ms"]["p99"] == 0.5
    assert result["generator"] == {"cpu_share": 0.25, "processes": 1, "workers": None, "saturated": False}
    assert result["tokens"]["output"] == 9000
    assert result["tokens"]["per_s"]["p95"] == 30
    assert (len(result["intervals"]) <= 240, len(result["slowest"])) == (True, 20)
    assert sum(row["requests"]["GET /x"]["count"] for row in result["intervals"]) == result["requests"] == 900
    assert result["distribution"]["latency"]["count"] == 900
    assert result["verdict"] == "fail"  # one in twenty arrivals was dropped


@pytest.mark.parametrize(
    ("run", "stopped", "said", "reason"),
    [
        (measured([second(0, 10)]), None, "pass", ""),
        (measured([second(0, 10)], workers=3, lost=1), None, "invalid", "1 of 3 workers were lost"),
        (measured([second(0, 10)], saturated=("busy",)), None, "invalid", "its own slowness: busy"),
        (measured([second(0, 10)]), Stopped("it was enough", "invalid"), "invalid", "it was enough"),
        (measured([second(0, 10)]), Stopped("too slow", "fail"), "fail", "too slow"),
        (
            measured([second(0, 10), *(second(at, failures=2, unanswered=2) for at in range(1, 5))]),
            None,
            "fail",
            "http://x stopped answering 1 s after the start and did not come back",
        ),
        (measured([second(0, failures=2, unanswered=2), second(1, 10)]), None, "pass", ""),
        (measured([second(0, 10), second(1, failures=1, unanswered=1)]), None, "pass", ""),
    ],
    ids=["pass", "lost", "saturated", "cut", "hopeless", "died", "came-back", "one-at-the-end"],
)
def test_what_makes_a_verdict(run: Measured, stopped: Stopped | None, said: str, reason: str) -> None:
    assert verdict(run, judge([parse("p95<1s")], run), stopped) == said
    told = reasons(run, "http://x", stopped)
    assert reason in "; ".join(told)
    assert bool(told) == bool(reason)


@pytest.mark.parametrize(("dropped", "said"), [(0, "pass"), (1, "pass"), (2, "fail")])
def test_more_than_one_arrival_in_a_thousand_dropped_is_never_a_pass(dropped: int, said: str) -> None:
    interval = second(0, 10)
    interval.due, interval.dropped = 1000, dropped
    run = measured([interval])
    assert verdict(run, judge([parse("p95<1s")], run)) == said
    late = measured([interval], saturated=("late",))
    assert verdict(late, judge([parse("p95<1s")], late)) == "invalid"


def test_figures_that_show_saturation_make_a_run_invalid_whatever_the_engine_says() -> None:
    busy = second(0, 10)
    busy.cpu_s = 0.97
    run = measured([busy])
    assert verdict(run, [], None, processes=1) == "invalid"
    assert verdict(run, [], None, processes=2) == "pass"


@pytest.mark.parametrize(
    "plan",
    [replace(PLAN, processes=2), replace(PLAN, crew=Crew("master", "127.0.0.1:5557", workers=2))],
    ids=["processes", "workers elsewhere"],
)
def test_processors_are_those_of_every_process_that_makes_the_load(plan: Plan) -> None:
    busy = second(0, 10)
    busy.cpu_s = 1.2
    result = written(outcome(Run("chat", plan, ""), measured([busy], workers=2), []))
    assert result["generator"] == {
        "cpu_share": 0.6,
        "processes": 2,
        "workers": {"expected": 2, "lost": 0},
        "saturated": False,
    }


def test_the_machine_is_known_again_and_not_told() -> None:
    assert machine() == machine()
    own = Path("/etc/machine-id")
    if own.is_file():
        assert own.read_text().strip() not in repr(machine())
    assert (machine().cores or 0) >= 1
    assert (machine().memory_bytes or 0) > 2**20


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps" / "__init__.py").write_text("")
    (tmp_path / "steps" / "buy.py").write_text("PRICE = 1\n")
    (tmp_path / "helper.py").write_text("A = 1\n")
    (tmp_path / "stranger.py").write_text("A = 1\n")
    file = tmp_path / "locustfile.py"
    file.write_text("import helper\nfrom steps.buy import PRICE\n")
    return file


@pytest.mark.parametrize(
    ("name", "text", "same"),
    [
        ("steps/buy.py", "PRICE = 2\n", False),
        ("helper.py", "A = 2\n", False),
        ("locustfile.py", "import helper\n", False),
        ("stranger.py", "A = 2\n", True),
        ("thresholds.toml", "", True),
    ],
)
def test_a_scenario_is_its_code_and_what_that_imports(own: Path, name: str, text: str, same: bool) -> None:
    before = scenario_hash(replace(PLAN, locustfile=own))
    (own.parent / name).write_text(text)
    assert (scenario_hash(replace(PLAN, locustfile=own)) == before) is same


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"duration_s": 5.0}, True),
        ({"seed": 9}, True),
        ({"host": "http://y"}, True),
        ({"tokens": ("secret",)}, True),
        ({"users": 11}, True),
        ({"spawn_rate": 7.0}, True),
        ({"engine": "fast"}, True),
        ({"processes": 2}, True),
        ({"stages": (Stage(5, 5),)}, True),
        ({"arrivals": Arrivals(1, (Stage(5, 5),))}, True),
        ({"journeys": {"Chat": 2}}, False),
        ({"model": "gpt-4o"}, False),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_scenario_is_what_is_done_not_how_much_of_it(change: dict[str, Any], same: bool) -> None:
    assert (scenario_hash(replace(PLAN, **change)) == scenario_hash(PLAN)) is same


def test_a_file_that_is_no_python_is_a_scenario_too(tmp_path: Path) -> None:
    file = tmp_path / "locustfile.py"
    file.write_bytes(b"\xff\x00 not python (")
    assert scenario_hash(replace(PLAN, locustfile=file))


def test_an_interval_that_was_cut_off_soon_has_no_rate() -> None:
    # What was under way when the run ended ends at once: four answers in 50 ms are no 80 a second.
    cut = replace(second(2, 10, 10, 10, 10), span_s=0.05)
    result = outcome(
        Run("chat", PLAN, "2026-01-01T00:00:00.000Z"), measured([second(0, 10), second(1, 10), cut]), ()
    )
    rows = document(result)["timeline"]
    assert [row["rate"] for row in rows] == [1.0, 1.0, None]
    assert rows[2]["p50"] == pytest.approx(10, rel=0.02)
