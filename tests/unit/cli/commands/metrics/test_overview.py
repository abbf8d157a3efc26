"""`wattos metrics`: every figure and every service, and what it says when it knows too little."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cli.deps import FakeTime, err, make_deps, out, write_running
from tests.fakes.cli.schemas import published
from tests.fakes.metrics.filled_store import Scraped
from wattos_cli.app import execute
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.metricstore.metric_names import metric_names
from wattos_cli.metricstore.questions import METRICS, QUESTIONS
from wattos_cli.metricstore.series import STALE
from wattos_platform.contracts.metrics import FAMILIES

NOW = 1_700_000_000.0
SCRAPES = 121
BUCKETS = {"0.005": 0.4, "0.05": 0.9, "0.5": 1.0, "+Inf": 1.0}


def line(per_scrape: float, begin: float = 0.0) -> list[float]:
    return [begin + per_scrape * place for place in range(SCRAPES)]


def busy(scraped: Scraped, target: str) -> None:
    """Ten requests a scrape, every tenth of them a failure, latencies as in BUCKETS, probes beside them."""
    work = {"route": "/api/v1/x", "method": "POST"}
    scraped.add(target, "up", [1.0] * SCRAPES)
    scraped.add(target, "http_requests_in_flight", [3.0] * SCRAPES)
    scraped.add(target, "http_requests_total", line(9), **work, status="200")
    scraped.add(target, "http_requests_total", line(1), **work, status="503")
    scraped.add(target, "http_requests_total", line(50), route="/health/liveness", status="200")
    scraped.add(target, "http_requests_total", line(50), route="/metrics", status="200")
    for bound, share in BUCKETS.items():
        scraped.add(target, "http_request_duration_seconds_bucket", line(10 * share), **work, le=bound)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    scraped = Scraped(NOW)
    busy(scraped, "chat-0")
    busy(scraped, "chat-1")
    busy(scraped, "llm-gateway-0")
    scraped.add("agent-0", "up", [1.0] * 100 + [0.0] * 21)
    scraped.add("rag-0", "up", [1.0] * SCRAPES)
    scraped.add("rag-1", "up", [0.0] * SCRAPES)
    model = {"provider": "openai", "model": "gpt-5"}
    gateway = "llm-gateway-0"
    scraped.add(gateway, "llm_calls_total", line(2), **model, operation="chat", outcome="ok")
    for outcome, share in (("error", 0.5), ("truncated", 0.25), ("cancelled", 0.25), ("cached", 0.0)):
        scraped.add(gateway, "llm_calls_total", line(share), **model, operation="chat", outcome=outcome)
    scraped.add(gateway, "llm_tokens_total", line(1000), **model, kind="prompt")
    scraped.add(gateway, "llm_tokens_total", line(100), **model, kind="completion")
    scraped.add(gateway, "llm_cost_usd_total", line(0.01), **model)
    scraped.add(gateway, "llm_calls_total", line(0, 9), provider="azure", model="idle", outcome="ok")
    for bound, count in (("0.5", 0.0), ("1.0", 2.0), ("+Inf", 2.0)):
        scraped.add(gateway, "llm_time_to_first_token_seconds_bucket", line(count), **model, le=bound)
    scraped.add(gateway, "llm_time_per_output_token_seconds_sum", line(0.04), **model)
    scraped.add(gateway, "llm_time_per_output_token_seconds_count", line(2), **model)
    for result, count in (("hit", 3.0), ("stale", 1.0), ("miss", 1.0), ("set", 1.0)):
        scraped.add("rag-0", "cache_operations_total", line(count), cache="rag-search", result=result)
    for state, value in (("closed", 0.0), ("open", 1.0)):
        scraped.add("chat-0", "circuit_breaker_state", [value] * SCRAPES, name="hop:rag", state=state)
    scraped.add("chat-0", "health_check_up", [0.0] * SCRAPES, check="rag")
    scraped.add("chat-0", "health_check_up", [1.0] * SCRAPES, check="database")
    scraped.add("chat-0", "degraded_total", line(0.5), dependency="rag")
    scraped.add("chat-0", "degraded_total", line(0), dependency="redis")
    scraped.write(tmp_path)
    names = ("chat", "llm-gateway", "agent", "rag", "gateway")
    write_running(
        tmp_path,
        *({"name": name} for name in names[:-1]),
        {"name": "gateway", "state": "stopped"},
        {"name": "shop", "kind": "own"},
        {"name": "redis", "kind": "component"},
    )
    return tmp_path


def overview(root: Path, *argv: str, **given: Any) -> Any:
    deps = make_deps(cwd=root, **given)
    assert execute(["metrics", *argv], deps=deps) == ExitCode.OK
    return deps


def shown(root: Path, *argv: str) -> Any:
    return published(out(overview(root, *argv, "-o", "json")))


def test_every_service_is_there_whatever_its_state(root: Path) -> None:
    states = {row["name"]: row["state"] for row in shown(root)["services"]}
    assert states == {
        "agent": "down", "chat": "up", "gateway": "stopped", "llm-gateway": "up", "rag": "1/2 up",
        "shop": "no metrics",
    }  # fmt: skip


def test_requests_errors_and_latency_are_of_work_alone(root: Path) -> None:
    found = shown(root)
    assert (found["window_s"], found["scrapes"]) == (600, 121)
    chat = next(row for row in found["services"] if row["name"] == "chat")
    assert chat["requests_per_s"] == pytest.approx(4.0, rel=0.02)
    assert chat["error_ratio"] == pytest.approx(0.1)
    assert chat["in_flight"] == 6
    assert chat["p50_s"] == pytest.approx(0.014)
    assert chat["p95_s"] == pytest.approx(0.275)
    assert chat["p99_s"] == pytest.approx(0.455)
    assert chat["course"][1:] == pytest.approx([4.0] * 59, rel=0.02)


def test_models_are_listed_with_tokens_money_and_speed(root: Path) -> None:
    (model,) = shown(root)["models"]
    assert (model["provider"], model["model"]) == ("openai", "gpt-5")
    assert model["calls"] == pytest.approx(360, rel=0.02)
    assert model["failed_calls"] == pytest.approx(120, rel=0.02)
    assert model["input_tokens"] == pytest.approx(120_000, rel=0.02)
    assert model["output_tokens"] == pytest.approx(12_000, rel=0.02)
    assert model["usd"] == pytest.approx(1.2, rel=0.02)
    assert model["ttft_p95_s"] == pytest.approx(0.975)
    assert model["tokens_per_s"] == pytest.approx(50)


def test_what_is_not_as_it_should_be_is_named(root: Path) -> None:
    found = shown(root)
    assert found["caches"] == [{"service": "rag", "cache": "rag-search", "hit_ratio": pytest.approx(0.8)}]
    assert found["breakers"] == [{"service": "chat", "replica": "chat-0", "name": "hop:rag", "state": "open"}]
    assert found["dependencies"] == [{"service": "chat", "replica": "chat-0", "check": "rag"}]
    assert [(row["service"], row["dependency"]) for row in found["degraded"]] == [("chat", "rag")]
    text = out(overview(root))
    assert "breaker hop:rag of chat-0 is open" in text
    assert "chat-0 finds rag down" in text
    assert "chat gave 60 answers without rag: degraded" in text
    assert "cache rag-search of rag: 80.0% hits" in text


@pytest.mark.parametrize("width", [80, 160])
def test_the_tables_fit_the_terminal(root: Path, width: int) -> None:
    deps = make_deps(cwd=root, width=width, terminal=True)
    execute(["metrics"], deps=deps)
    lines = out(deps).splitlines()
    assert max(map(len, lines)) <= width
    chat = next(each for each in lines if each.startswith("chat "))
    assert chat.split()[:8] == ["chat", "up", "4.00", "10.0%", "14.0ms", "275ms", "455ms", "6"]
    assert len(chat.split()[8]) == (12 if width == 80 else 60)
    assert "wattos ps" in err(deps)


def test_csv_has_the_services(root: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(out(overview(root, "-o", "csv")))))
    assert [row["name"] for row in rows] == ["agent", "chat", "gateway", "llm-gateway", "rag", "shop"]
    assert (rows[0]["state"], rows[0]["requests_per_s"]) == ("down", "")


def test_a_service_that_was_stopped_a_moment_ago_is_not_up_any_more(tmp_path: Path) -> None:
    Scraped(NOW).add("chat-0", "up", [1.0] * 9).write(tmp_path)
    write_running(tmp_path, {"name": "rag"}, {"name": "chat", "state": "stopped"})
    assert [row["state"] for row in shown(tmp_path)["services"]] == ["stopped", "no metrics"]


def test_a_service_of_which_only_a_replica_was_stopped_is_up(tmp_path: Path) -> None:
    Scraped(NOW).add("chat-0", "up", [1.0] * 9).write(tmp_path)
    write_running(tmp_path, {"name": "chat"}, {"name": "chat", "replica": 1, "state": "stopped"})
    assert [row["state"] for row in shown(tmp_path)["services"]] == ["up"]


def test_the_window_is_what_was_asked_for(root: Path) -> None:
    assert shown(root, "--since", "1m")["window_s"] == 60
    assert shown(root, "--since", "-1m")["window_s"] == 60, "as wattos logs --since is written"


def test_longer_than_an_hour_reads_the_files_again_and_finds_the_same(root: Path) -> None:
    short, long = shown(root), shown(root, "--since", "2h")
    assert {**short, "at": 0} == {**long, "at": 0}


def test_a_first_failure_ever_counts(tmp_path: Path) -> None:
    scraped = Scraped(NOW)
    scraped.add("chat-0", "up", [1.0] * SCRAPES)
    scraped.add("chat-0", "http_requests_in_flight", [0.0] * SCRAPES)
    scraped.add("chat-0", "http_requests_total", [1.0] * 20, route="/a", status="500")
    scraped.add("llm-gateway-0", "up", [1.0] * SCRAPES)
    scraped.add("llm-gateway-0", "llm_calls_total", [1.0] * 20, provider="local", model="m", outcome="ok")
    scraped.write(tmp_path)
    write_running(tmp_path, {"name": "chat"})
    found = shown(tmp_path)
    chat = found["services"][0]
    assert (chat["requests_per_s"], chat["error_ratio"]) == (pytest.approx(1 / 600), 1.0)
    assert [model["calls"] for model in found["models"]] == [1]


def test_a_call_between_the_first_two_scrapes_counts(tmp_path: Path) -> None:
    scraped = Scraped(NOW)
    scraped.add("llm-gateway-0", "up", [1.0] * 3)
    scraped.add("llm-gateway-0", "llm_calls_total", [1.0] * 2, provider="local", model="m", outcome="ok")
    scraped.write(tmp_path)
    write_running(tmp_path, {"name": "llm-gateway"})
    found = shown(tmp_path)
    assert (found["scrapes"], [model["calls"] for model in found["models"]]) == (3, [1])


@pytest.mark.parametrize("since", ["11s", "20s", "15m"])
@pytest.mark.parametrize("later_s", [0.0, 1.5, 4.999])
def test_a_burst_counts_as_what_it_was_between_two_scrapes_too(
    tmp_path: Path, since: str, later_s: float
) -> None:
    scraped = Scraped(NOW)
    model = {"provider": "local", "model": "m"}
    scraped.add("llm-gateway-0", "up", [1.0] * SCRAPES)
    scraped.add("llm-gateway-0", "llm_calls_total", [3.0] * 120 + [10.0], **model, outcome="ok")
    scraped.add("llm-gateway-0", "llm_cost_usd_total", [0.25] * 120 + [1.0], **model)
    scraped.write(tmp_path)
    write_running(tmp_path, {"name": "llm-gateway"})
    deps = overview(tmp_path, "--since", since, "-o", "json", time=FakeTime(NOW + later_s))
    (found,) = published(out(deps))["models"]
    assert (found["calls"], found["usd"]) == (7, 0.75)


def test_what_is_scraped_seldom_has_a_course_too(tmp_path: Path) -> None:
    scraped = Scraped(NOW, 30.0)
    scraped.add("chat-0", "up", [1.0] * 40)
    scraped.add("chat-0", "http_requests_total", line(60)[:40], route="/a", status="200")
    scraped.write(tmp_path)
    write_running(tmp_path, {"name": "chat"})
    (chat,) = shown(tmp_path)["services"]
    assert (chat["requests_per_s"], chat["course"]) == (2, pytest.approx([2.0] * 60))


def test_a_scrape_that_failed_makes_no_gap_in_the_course(tmp_path: Path) -> None:
    scraped = Scraped(NOW, 30.0)
    scraped.add("chat-0", "up", [float(place != 20) for place in range(40)])
    requests = [STALE if place == 20 else 60.0 * place for place in range(40)]
    scraped.add("chat-0", "http_requests_total", requests, route="/a", status="200")
    scraped.write(tmp_path)
    write_running(tmp_path, {"name": "chat"})
    (chat,) = shown(tmp_path)["services"]
    assert None not in chat["course"]


def test_what_came_before_the_first_scrape_counts(tmp_path: Path) -> None:
    scraped = Scraped(NOW)
    for target in ("gateway-0", "llm-gateway-0"):
        scraped.add(target, "up", [1.0] * 9)
        scraped.add(target, "process_start_time_seconds", [NOW - 43] * 9)
        scraped.add(target, "http_requests_total", [4.0] * 9, route="/a", status="200")
    scraped.write(tmp_path)
    write_running(tmp_path, {"name": "gateway"}, {"name": "llm-gateway"})
    assert [row["requests_per_s"] for row in shown(tmp_path)["services"]] == [4 / 40] * 2


def test_a_machine_that_slept_makes_nothing_new(tmp_path: Path) -> None:
    calls = {"provider": "local", "model": "m", "outcome": "ok"}
    for until_s, scrapes, count in ((NOW - 3600, 60, 50.0), (NOW, 12, 51.0)):
        scraped = Scraped(until_s).add("llm-gateway-0", "up", [1.0] * scrapes)
        scraped.add("llm-gateway-0", "process_start_time_seconds", [NOW - 4000] * scrapes)
        scraped.add("llm-gateway-0", "llm_calls_total", [count] * (scrapes - 1) + [count + 1], **calls)
        scraped.write(tmp_path)
    write_running(tmp_path, {"name": "llm-gateway"})
    assert [model["calls"] for model in shown(tmp_path)["models"]] == [1]


def test_a_pause_of_the_platform_is_not_in_the_window(tmp_path: Path) -> None:
    Scraped(NOW - 300).add("chat-0", "up", [1.0] * 60).write(tmp_path)
    Scraped(NOW).add("chat-0", "up", [1.0] * 25).write(tmp_path)
    write_running(tmp_path, {"name": "chat"})
    assert (shown(tmp_path)["window_s"], shown(tmp_path)["scrapes"]) == (120, 25)


def test_a_damaged_file_is_told(root: Path) -> None:
    assert "damaged" not in err(overview(root))
    block = root / ".wattos/metrics/chat-0/1699999000000-1699999999000.block"
    block.write_bytes(b"not what was written")
    for argv in (("--since", "1h"), ("query", "up[1h]", "-o", "csv")):
        assert "a damaged file of metrics passed over" in err(overview(root, *argv))


def test_an_idle_service_has_no_requests_and_no_latency(tmp_path: Path) -> None:
    scraped = Scraped(NOW)
    scraped.add("chat-0", "up", [1.0] * SCRAPES)
    scraped.add("chat-0", "http_requests_in_flight", [0.0] * SCRAPES)
    scraped.write(tmp_path)
    write_running(tmp_path, {"name": "chat"})
    deps = overview(tmp_path)
    assert out(deps).splitlines()[1].split() == ["chat", "up", "0.00", "-", "-", "-", "-", "0"]
    assert "no model was called in that time" in err(deps)


def test_before_there_is_enough_it_says_so(tmp_path: Path) -> None:
    Scraped(NOW).add("chat-0", "up", [1.0]).write(tmp_path)
    write_running(tmp_path, {"name": "chat"}, {"name": "rag"})
    deps = overview(tmp_path)
    assert [each.split()[:3] for each in out(deps).splitlines()[1:]] == [
        ["chat", "up", "-"],
        ["rag", "no", "metrics"],
    ]
    assert "too little was scraped in that time" in err(deps)


def test_nothing_running_is_exit_4(tmp_path: Path) -> None:
    Scraped(NOW).add("chat-0", "up", [1.0] * 9).write(tmp_path)
    with pytest.raises(WattosError) as caught:
        execute(["metrics"], deps=make_deps(cwd=tmp_path))
    assert (caught.value.exit_code, caught.value.code) == (ExitCode.UNREACHABLE, "platform_not_running")


def test_more_than_a_day_is_a_usage_error(root: Path) -> None:
    with pytest.raises(WattosError) as caught:
        execute(["metrics", "--since", "25h"], deps=make_deps(cwd=root))
    assert caught.value.exit_code == ExitCode.USAGE


def test_watch_looks_again(root: Path) -> None:
    class StoppedError(Exception):
        pass

    class Twice(FakeTime):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if self.now >= NOW + 10:
                raise StoppedError

    deps = make_deps(cwd=root, time=Twice(NOW))
    with pytest.raises(StoppedError):
        execute(["metrics", "--watch"], deps=deps)
    assert out(deps).count("SERVICE") == 2


def test_the_questions_name_metrics_that_exist() -> None:
    named = set().union(*(metric_names(question.over(60)) for question in QUESTIONS))
    assert named == METRICS
    parts = {f"{family.name}{part}" for family in FAMILIES for part in ("", "_bucket", "_sum", "_count")}
    assert named - parts == {"up"}


def test_a_label_cannot_control_the_terminal(tmp_path: Path) -> None:
    scraped = Scraped(NOW)
    scraped.add("own-0", "up", [1.0] * SCRAPES)
    scraped.add("own-0", "cache_operations_total", line(1), cache="c\x1b[2J", result="hit")
    scraped.write(tmp_path)
    write_running(tmp_path, {"name": "own"})
    shown_text = out(overview(tmp_path))
    assert "cache c\\x1b[2J of own: 100% hits" in shown_text
    assert "\x1b" not in shown_text
