"""`wattos cost`: what it asks the model gateway, and what it makes of the answer."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.cli.deps import err, make_deps, out, write_running
from tests.fakes.cli.http import FakeHttp
from tests.fakes.cli.schemas import published
from wattos_cli.app import execute
from wattos_cli.commands import cost
from wattos_cli.deps import NoReplyError, Reply
from wattos_cli.errors import ExitCode, WattosError

COUNTS = {
    "calls": 2,
    "prompt_tokens": 1000,
    "completion_tokens": 500,
    "cached_tokens": 0,
    "cache_write_tokens": 0,
    "reasoning_tokens": 0,
    "unpriced_calls": 0,
    "estimated_calls": 0,
    "failed_calls": 0,
}


def row(key: str, usd: str | None, **change: Any) -> dict[str, Any]:
    return {**COUNTS, "key": key, "cost_usd": usd, **change}


def answer(*rows: dict[str, Any], unpriced: tuple[tuple[str, int], ...] = (), **totals: Any) -> bytes:
    named = [{"provider": "openai", "model": model, "calls": calls} for model, calls in unpriced]
    document = {
        "since": "2026-10-24T00:00:00+00:00",
        "until": "2026-11-23T00:00:00.5+00:00",
        "totals": {**COUNTS, "cost_usd": "0", **totals},
        "unpriced": named,
        "left_off": 0,
        "data": rows,
    }
    return json.dumps(document).encode()


class OneAnswer(FakeHttp):
    """Answers whatever it is asked."""

    reply: Reply | Exception = Reply(200, {}, answer())

    def request(self, method: str, address: str, path: str, **options: Any) -> Reply:
        self.requests.append((method, address, path, None, options["headers"]))
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


def asked(root: Path, body: bytes, *argv: str, **given: Any) -> Any:
    write_running(root, {"name": "llm-gateway"})
    http = OneAnswer()
    http.reply = Reply(200, {}, body)
    deps = make_deps(cwd=root, http=http, **given)
    assert execute(["cost", *argv], deps=deps) == ExitCode.OK
    return deps


TWO = (row("openai/gpt-4o-mini", "0.00042"), row("local/wattos-extractive", "0", completion_tokens=1_000_000))


def test_a_table_with_a_line_of_totals(tmp_path: Path) -> None:
    deps = asked(tmp_path, answer(*TWO, calls=4, prompt_tokens=2000, cost_usd="0.00042"))
    assert out(deps).splitlines() == [
        "MODEL                    CALLS  INPUT     OUTPUT      USD",
        "openai/gpt-4o-mini           2  1,000        500  0.00042",
        "local/wattos-extractive      2  1,000  1,000,000  0.00000",
        "total                        4  2,000        500  0.00042",
    ]
    assert err(deps) == "4 calls from 2026-10-24T00:00:00Z to 2026-11-23T00:00:00Z, in US dollars.\n"


def test_json_is_exact(tmp_path: Path) -> None:
    body = answer(row("a", "123456.123456789012"), cost_usd="123456.123456789012")
    shown = published(out(asked(tmp_path, body, "--by", "tenant", "-o", "json")))
    assert (shown["by"], shown["total_usd_exact"]) == ("tenant", "123456.123456789012")
    assert shown["total_usd"] == pytest.approx(123456.123456789)
    assert shown["rows"][0]["input_tokens"] == 1000


@pytest.mark.parametrize("json_output", [False, True])
def test_what_has_no_price_is_named_with_the_remedy(tmp_path: Path, json_output: bool) -> None:
    body = answer(
        row("openai/new", None, unpriced_calls=2),
        row("openai/half", "0.5", unpriced_calls=1, estimated_calls=1),
        unpriced=(("new", 2), ("half", 1)),
        cost_usd="0.5",
        unpriced_calls=3,
        estimated_calls=1,
    )
    deps = asked(tmp_path, body, json_output=json_output)
    told = err(deps)
    assert "warning: 3 calls without a price" in told
    assert "openai/new (2), openai/half (1)" in told
    assert '[[llm.prices]]\n  provider = "openai"\n  model = "new"' in told
    assert "1 call estimated" in told
    if json_output:
        assert [each["usd"] for each in published(out(deps))["rows"]] == [None, 0.5]
    else:
        lines = out(deps).splitlines()
        assert lines[1].endswith("unknown")
        assert lines[2].endswith("~>0.50")


@pytest.mark.parametrize(
    ("cost_usd", "shown"),
    [
        ("0", "0.00"),
        ("0.000000000001", "0.000000000001"),
        ("1234567.5", "1,234,567.50"),
        ("0.12345678", "0.123457"),
    ],
)
def test_no_cost_is_rounded_to_nothing(tmp_path: Path, cost_usd: str, shown: str) -> None:
    lines = out(asked(tmp_path, answer(row("a", cost_usd), cost_usd=cost_usd))).splitlines()
    assert lines[1].split()[-1] == shown


def test_eighty_columns_are_enough(tmp_path: Path) -> None:
    keys = ("azure/" + "x" * 300, "ev\x1b[31mil/m")
    figures = {"calls": 10**6, "prompt_tokens": 10**11, "completion_tokens": 10**10}
    body = answer(*(row(key, "123456.789012", **figures) for key in keys), **figures)
    write_running(tmp_path, {"name": "llm-gateway"})
    http = OneAnswer()
    http.reply = Reply(200, {}, body)
    deps = make_deps(cwd=tmp_path, http=http, width=80, terminal=True)
    cost.run(cost.Options(), deps)
    assert max(map(len, out(deps).splitlines())) <= 80
    assert "\x1b" not in out(deps)
    assert "…" in out(deps)


@pytest.mark.parametrize("json_output", [False, True])
def test_nothing_yet_says_so(tmp_path: Path, json_output: bool) -> None:
    deps = asked(tmp_path, answer(calls=0), json_output=json_output)
    assert "No model was called from 2026-10-24" in err(deps)
    if json_output:
        shown = published(out(deps))
        assert (shown["total_usd"], shown["rows"]) == (0, [])
    else:
        assert out(deps) == ""


def test_the_period_is_handed_on_as_instants(tmp_path: Path) -> None:
    deps = asked(tmp_path, answer(), "--by", "day", "--since", "-24h", "--until", "2023-11-14T20:00:00Z")
    (method, address, path, _, headers) = deps.http.requests[0]
    assert (method, address) == ("GET", "unix:/run/llm-gateway.sock")
    assert headers["Authorization"] == "Bearer op-token"
    assert parse_qs(urlsplit(path).query) == {
        "by": ["day"],
        "since": ["2023-11-13T22:13:20.000Z"],
        "until": ["2023-11-14T20:00:00.000Z"],
    }


def test_a_ready_replica_is_asked(tmp_path: Path) -> None:
    dead = {"name": "llm-gateway", "state": "backoff", "ops_socket": "/run/dead.sock"}
    write_running(tmp_path, dead, {"name": "llm-gateway", "replica": 1})
    http = OneAnswer()
    cost.run(cost.Options(), make_deps(cwd=tmp_path, http=http))
    assert [address for _, address, *_ in http.requests] == ["unix:/run/llm-gateway.sock"]


@pytest.mark.parametrize(
    "argv",
    [
        ("--since", "yesterday"),
        ("--since", "-5x"),
        ("--until", "2026-13-01"),
        ("--since", "-999999999d"),
        ("--since", "-1h", "--until", "-2h"),
        ("--since", "2030-01-01T00:00:00Z"),
    ],
)
def test_a_period_that_is_none_is_a_usage_error(tmp_path: Path, argv: tuple[str, ...]) -> None:
    write_running(tmp_path, {"name": "llm-gateway"})
    deps = make_deps(cwd=tmp_path)
    with pytest.raises(WattosError) as caught:
        execute(["cost", *argv], deps=deps)
    assert caught.value.exit_code == ExitCode.USAGE
    assert caught.value.hint


def test_not_running_is_exit_4(tmp_path: Path) -> None:
    with pytest.raises(WattosError) as caught:
        execute(["cost"], deps=make_deps(cwd=tmp_path))
    assert (caught.value.exit_code, caught.value.code) == (ExitCode.UNREACHABLE, "platform_not_running")


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (NoReplyError("connection refused"), "service_unreachable"),
        (Reply(200, {}, b"{}"), "unexpected_answer"),
    ],
)
def test_no_or_a_strange_answer_is_exit_4(tmp_path: Path, reply: Reply | Exception, code: str) -> None:
    write_running(tmp_path, {"name": "llm-gateway"})
    http = OneAnswer()
    http.reply = reply
    with pytest.raises(WattosError) as caught:
        execute(["cost"], deps=make_deps(cwd=tmp_path, http=http))
    assert (caught.value.exit_code, caught.value.code) == (ExitCode.UNREACHABLE, code)
