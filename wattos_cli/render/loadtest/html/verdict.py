"""The head of the report: what the run came to, why, and its figures."""

from collections.abc import Iterator, Mapping
from typing import Any

from wattos_cli.render.columns import duration
from wattos_cli.render.loadtest.figures import digits, figure, share, tick, time
from wattos_cli.render.loadtest.summary import comparison_gaps, comparison_summary
from wattos_cli.render.markup import Html, element

_WORDS = {"pass": "Passed", "fail": "Failed", "invalid": "Invalid"}
_SIGNS = {"pass": "M6 12l4 4 8-9", "fail": "M7 7l10 10M17 7L7 17", "invalid": "M12 6v7M12 17h0"}

Result = Mapping[str, Any]


def head(result: Result) -> Html:
    """Return the verdict with its reasons, and the figures of the whole run."""
    verdict = str(result["verdict"])
    sign = element(
        "svg", element("path", d=_SIGNS[verdict]), viewBox="0 0 24 24", class_="sign", aria_hidden="true"
    )
    why = list(dict.fromkeys(reasons(result)))
    return element(
        "header",
        element("p", *_origin(result), class_="origin"),
        element("h1", sign, f"{_WORDS[verdict]}: {why[0]}"),
        element("ul", *(element("li", one) for one in why[1:]), class_="reasons") if why[1:] else Html(),
        element("dl", *_tiles(result), class_="tiles"),
        class_=f"head {verdict}",
    )


def reasons(result: Result) -> Iterator[str]:
    """Yield why the verdict is what it is, what decided first; a reason may come twice."""
    compared = result["comparison"]
    if result["verdict"] == "invalid":
        yield from result["reasons"] or ["the run did not measure what it was to measure"]
    missed = [row for row in result["thresholds"] if not row["ok"]]
    for row in missed:
        yield f"{row['expression']} does not hold, measured {figure(row['value'], row['unit'])}"
    if result["verdict"] == "fail":
        yield from result["reasons"]
    if not missed:
        yield _held(len(result["thresholds"])) if result["requests"] else "no request was sent"
    if compared and compared["verdict"] == "regression":  # which is among the reasons
        yield from comparison_gaps(compared)
    elif compared:
        yield comparison_summary(compared)
    yield from result["reasons"]


def _held(count: int) -> str:
    return {0: "no threshold was set", 1: "the threshold holds"}.get(count, f"all {count} thresholds hold")


def _origin(result: Result) -> Iterator[Html]:
    told = {
        "Load test": result["scenario"],
        "against": result["target"],
        "at": result["started_at"],
        "for": duration(result["duration_s"]),
        "by": result["engine"],
    }
    for word, value in told.items():
        if value:
            yield element("span", f"{word} ", element("b", str(value)))


def _tiles(result: Result) -> Iterator[Html]:
    times, requests = result["latency_ms"], result["requests"]
    failed = result["failures"] / requests if requests else None
    yield _tile("Requests", f"{requests:,}", f"{tick(result['rps'])} a second")
    yield _tile("Failed", share(failed), f"{result['failures']:,} in all", bad=bool(result["failures"]))
    for key in ("p50", "p95", "p99"):
        note = f"at most {time(times['max'])}" if key == "p99" and times["max"] is not None else ""
        yield _tile(f"Latency {key}", time(times[key]), note)
    yield from _stream_tiles(result)
    arrivals = result["arrivals"]
    if arrivals:
        dropped, intended = arrivals["dropped"], arrivals["intended"]
        yield _tile("Dropped", f"{dropped:,}", f"of {intended:,} arrivals", bad=bool(dropped))
    if result["limit"]:
        rate = result["limit"]["rate"]
        yield _tile("Limit", "none" if rate is None else figure(rate, "/s"), "largest rate that held")


def _stream_tiles(result: Result) -> Iterator[Html]:
    ttft = result.get("ttft_ms")
    if ttft:
        yield _tile("First token p95", time(ttft["p95"]), f"p50 {time(ttft['p50'])}")
    tokens = result["tokens"]
    if tokens and tokens["per_s"].get("p50") is not None:
        yield _tile("Tokens a second", digits(tokens["per_s"]["p50"]), f"{tokens['output']:,} in all")


def _tile(name: str, value: str, note: str = "", *, bad: bool = False) -> Html:
    told = element("dd", element("b", value), element("small", note) if note else Html())
    return element("div", element("dt", name), told, class_="tile bad" if bad else "tile")
