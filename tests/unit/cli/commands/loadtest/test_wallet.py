"""A load test costs nothing unless somebody says how much it may cost, and then not more than that."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.fakes.cli.deps import FakeTime, make_deps, out, write_running
from tests.fakes.cli.http import FakeHttp
from tests.fakes.loadtest.generation import FakeLoad, second
from wattos_cli.commands.loadtest import run as command
from wattos_cli.commands.loadtest.options.options import Options
from wattos_cli.commands.loadtest.target.wallet import Wallet
from wattos_cli.deps import Deps, NoReplyError, Reply
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.loadtest.measuring.measured import Measured
from wattos_cli.project import find

URL = "http://127.0.0.1:3001"
OPS, LLM = "unix:/run/gateway.sock", "unix:/run/llm-gateway.sock"
SERVICES = ("gateway", "llm-gateway", "chat", "rag", "agent")
LOCAL = {"provider": "local", "model": "wattos-extractive", "simulated": False, "price": "free"}
OPENAI = {"provider": "openai", "model": "gpt-4o", "simulated": False, "price": "paid"}
PAID = Options(scenario="chat-stream", model="gpt-4o", allow_paid=True, max_usd=2.0, quiet=True)


def model(http: FakeHttp, name: str, *targets: dict[str, object], simulated: bool = False) -> None:
    body = {
        "targets": [{**target, "simulated": simulated} for target in targets],
        "providers": [{"name": "openai", "simulated": simulated}],
    }
    http.answer(LLM, f"/admin/models/targets?model={name}", body)


class Platform(FakeHttp):
    """A platform with one paid provider; `spent` is what the usage report says, whatever the period."""

    spent = "0.25"

    def request(self, method: str, address: str, path: str, **given: Any) -> Reply:
        if path.startswith("/admin/usage?"):
            totals = {"cost_usd": self.spent}
            answer = {"since": "", "until": "", "totals": totals, "unpriced": [], "left_off": 0, "data": []}
            self.answer(address, path, answer)
        return super().request(method, address, path, **given)

    def sent(self, path: str) -> list[dict[str, object]]:
        return [body for _, _, asked, body, _ in self.requests if asked == path]


@pytest.fixture
def http(tmp_path: Path) -> Platform:
    write_running(tmp_path, *({"name": name, "url": URL} for name in SERVICES))
    http = Platform()
    http.answer(OPS, "/admin/tokens", {"token": "wk_secret", "id": "k1"}, 201)
    http.answer(OPS, "/admin/tokens/revoke", {"id": "k1"})
    http.answer(URL, "/health/liveness", {})
    http.answer(URL, "/v1/models", {})
    http.answer(LLM, "/admin/budgets", {})
    http.answer(LLM, "/admin/budgets/remove", {})
    model(http, "wattos-extractive", LOCAL)
    model(http, "gpt-4o", OPENAI)
    model(http, "default", OPENAI, LOCAL)
    return http


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def deps(tmp_path: Path, http: Platform, time: FakeTime) -> Deps:
    return make_deps(cwd=tmp_path, http=http, time=time)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (replace(PAID, allow_paid=False, max_usd=None), "--model gpt-4o costs money: openai/gpt-4o"),
        (replace(PAID, max_usd=None), "--allow-paid needs a sum"),
        (replace(PAID, allow_paid=False), "--max-usd is for paid models"),
        (replace(PAID, max_usd=0.0), "--max-usd 0: expected more than 0"),
        (replace(PAID, max_usd=float("nan")), "--max-usd nan: expected more than 0"),
        (Options(model="gpt-4o", host="http://other:1"), "--model gpt-4o at another host may cost money"),
        (Options(scenario="mixed"), "the model default that mixed asks costs money: openai/gpt-4o"),
        (replace(PAID, scenario="agent-run", model="gone"), "--model gone: nobody has it"),
        (replace(PAID, model="mixed"), "nobody knows the price of openai/new"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_may_cost_money_is_refused_before_anything_starts(
    deps: Deps, http: Platform, options: Options, says: str
) -> None:
    model(http, "mixed", LOCAL, {**OPENAI, "model": "new", "price": "unknown"})
    http.answer(LLM, "/admin/models/targets?model=gone", {"code": "m", "message": "nobody has it"}, 404)
    load = FakeLoad([second(0, 10)])
    with pytest.raises(WattosError) as caught:
        command.run(options, deps, start=load.start)
    assert (caught.value.exit_code, says in caught.value.message) == (ExitCode.USAGE, True)
    assert load.plan is None
    assert http.sent("/admin/tokens") == []


def test_what_a_scenario_asks_may_cost_as_much_as_was_allowed(deps: Deps, http: Platform) -> None:
    load = FakeLoad([second(0, 10, usd=0.01)])
    options = replace(PAID, scenario="agent-run", model=None)
    assert command.run(options, deps, start=load.start) == ExitCode.OK
    assert load.plan is not None
    assert (load.plan.model, load.plan.models) == ("", ("default",))
    assert http.sent("/admin/budgets")[0]["usd_per_day"] == "2.25"


def test_what_a_scenario_asks_of_the_simulator_is_free(deps: Deps, http: Platform) -> None:
    for name in ("wattos-extractive", "default"):
        model(http, name, OPENAI, simulated=True)
    load = FakeLoad([second(0, 10)])
    assert command.run(Options(scenario="agent-run", quiet=True), deps, start=load.start) == ExitCode.OK
    assert http.sent("/admin/budgets") == []


def test_a_platform_too_old_to_tell_prices_is_to_be_started_anew(deps: Deps, http: Platform) -> None:
    path = "/admin/models/targets"
    told = {"code": "route_not_found", "message": f"There is no {path} here."}
    http.answer(LLM, f"{path}?model=wattos-extractive", told, 404)
    with pytest.raises(WattosError, match="is older than this command") as caught:
        command.run(Options(quiet=True), deps, start=FakeLoad([]).start)
    assert caught.value.exit_code == ExitCode.UNREACHABLE
    assert "wattos up --recreate" in caught.value.hint


def test_another_host_is_asked_by_the_journey_unless_paying_is_allowed(deps: Deps, http: Platform) -> None:
    http.answer("http://other:1", "/health/liveness", {})
    plans = []
    for options in (replace(PAID, model=None), Options(quiet=True)):
        load = FakeLoad([second(0, 10)])
        elsewhere = replace(options, scenario="mixed", host="http://other:1", thresholds=("p95<1s",))
        assert command.run(elsewhere, deps, start=load.start) == ExitCode.OK
        plans.append(load.plan)
    assert [plan.models for plan in plans if plan] == [("default",), ()]


def test_the_model_gateway_keeps_the_sum_on_top_of_what_was_spent_today(deps: Deps, http: Platform) -> None:
    load = FakeLoad([second(0, 10, usd=0.01)])
    assert command.run(PAID, deps, start=load.start) == ExitCode.NO  # no stream, no sample of its thresholds
    first, *_ = http.sent("/admin/budgets")
    by = first["by"]
    assert first == {"tenant": "loadtest", "by": by, "usd_per_day": "2.25", "ttl_s": 60.0}
    assert http.sent("/admin/budgets/remove") == [{"tenant": "loadtest", "by": by}]
    assert load.plan is not None
    assert load.plan.model == "gpt-4o"


def test_without_leave_no_cent_is_spent_whatever_a_journey_asks_for(deps: Deps, http: Platform) -> None:
    options = Options(scenario="chat-stream", quiet=True)
    command.run(options, deps, start=FakeLoad([second(0, 10)]).start)
    assert [body["usd_per_day"] for body in http.sent("/admin/budgets")][:1] == ["0.25"]


def test_the_dollars_of_the_simulator_are_none(deps: Deps, http: Platform) -> None:
    model(http, "gpt-4o", OPENAI, simulated=True)
    free = replace(PAID, allow_paid=False, max_usd=None)
    command.run(free, deps, start=FakeLoad([second(0, 10)]).start)
    assert http.sent("/admin/budgets") == []


def test_a_cap_that_cannot_be_set_lets_nothing_start(deps: Deps, http: Platform) -> None:
    http.replies[LLM, "/admin/budgets"] = NoReplyError("time-out")
    load = FakeLoad([second(0, 10)])
    with pytest.raises(WattosError, match="what the load test may spend cannot be limited") as caught:
        command.run(PAID, deps, start=load.start)
    assert (caught.value.exit_code, load.plan) == (ExitCode.UNREACHABLE, None)
    assert len(http.sent("/admin/tokens/revoke")) == len(http.sent("/admin/tokens"))


def test_the_run_ends_when_the_sum_is_spent(deps: Deps, time: FakeTime) -> None:
    load = FakeLoad([second(at, 10, usd=0.5) for at in range(60)], time=time)
    options = replace(PAID, json_file=Path("r.json"), thresholds=("p95<1s",))
    assert command.run(options, deps, start=load.start) == ExitCode.UNREACHABLE
    result = json.loads((deps.cwd / "r.json").read_text())
    assert (result["verdict"], result["requests"]) == ("invalid", 4)
    assert result["reasons"][0] == "stopped: 2.0000 of 2.0 USD are spent (--max-usd)"
    assert result["reasons"][1].startswith("0.2500 of 2.0 USD were spent")
    assert "--max-usd" in out(deps)


def test_what_nobody_told_the_generator_counts_too(deps: Deps, http: Platform) -> None:
    wallet = Wallet(deps, find(deps.cwd), 2.0)
    http.spent = "2.5"
    assert wallet(Measured()) is None
    wallet.look()
    assert wallet.spent == Decimal("2.5")
    stopped = wallet(Measured())
    assert stopped is not None
    assert stopped.verdict == "invalid"
    http.replies[LLM, "/admin/budgets"] = NoReplyError("it restarts")
    wallet.look()


def test_two_at_once_cap_by_names_of_their_own(deps: Deps, http: Platform) -> None:
    for _ in range(2):
        command.run(PAID, deps, start=FakeLoad([second(0, 10, usd=0.01)]).start)
    assert len({body["by"] for body in http.sent("/admin/budgets/remove")}) == 2


def test_a_new_day_begins_with_what_is_left_of_the_sum(deps: Deps, http: Platform, time: FakeTime) -> None:
    wallet = Wallet(deps, find(deps.cwd), 2.0)
    began, midnight = "2023-11-14T22:13:20+00:00", "2023-11-15T00:00:00+00:00"
    wallet.look()
    time.sleep(2 * 3600)
    for http.spent in ("1.5", "3"):
        wallet.look()
    assert [body["usd_per_day"] for body in http.sent("/admin/budgets")] == ["2.0", "0.5", "0"]
    asked = [parse_qs(path.partition("?")[2]) for _, _, path, _, _ in http.requests if "usage" in path]
    assert {"tenant": ["loadtest"], "since": [began], "until": [midnight]} in asked
