"""The page: sections in the order in which they answer questions."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from wattos_cli.render.columns import duration
from wattos_cli.render.loadtest import rows
from wattos_cli.render.loadtest.charts.course import course
from wattos_cli.render.loadtest.charts.distribution import distributions
from wattos_cli.render.loadtest.charts.knee import knee
from wattos_cli.render.loadtest.charts.lanes import lanes
from wattos_cli.render.loadtest.charts.plot import chart, side_by_side
from wattos_cli.render.loadtest.charts.server import server
from wattos_cli.render.loadtest.figures import counted
from wattos_cli.render.loadtest.html.assets import asset
from wattos_cli.render.loadtest.html.tables import facts, table, thresholds
from wattos_cli.render.loadtest.html.verdict import head
from wattos_cli.render.loadtest.summary import limits
from wattos_cli.render.markup import Html, element, together

Result = Mapping[str, Any]
_GB = 1e9


def as_html(result: Result) -> str:
    """Return the whole page; it loads nothing, and runs no script but its own."""
    script = asset("page.js")
    hashed = b64encode(sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hashed}'"
    page = element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=policy),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("title", f"{result['scenario']}: {result['verdict']} - wattos loadtest"),
            element("style", Html(asset("page.css"))),
        ),
        element(
            "body",
            element("main", head(result), *(section for section in _sections(result))),
            element("script", Html(script)),
        ),
        lang="en",
    )
    return f"<!doctype html>\n{page}\n"


def _sections(result: Result) -> Iterator[Html]:
    if result["thresholds"]:
        yield _section("Thresholds", thresholds(result))
    if result["comparison"]:
        yield _section("Against the baseline", _comparison(result["comparison"]))
    if result["limit"]:
        yield _section("The limit", _limit(result["limit"]))
    over_time = list(course(result))
    if over_time:
        first, *others = over_time
        yield _section("Over time", together([chart(first), lanes(result), side_by_side(others)]))
    drawn = distributions(result)
    if drawn:
        yield _section("Distribution", side_by_side(drawn))
    yield _section("Requests", together(_requests(result)))
    if result["slowest"]:
        yield _section("Slowest requests", table(rows.slowest(result)))
    if result["server"]:
        yield _section("What the server says", side_by_side(list(server(result))))
    if result["breakers"]:
        yield _section("Breakers", table(rows.breakers(result)))
    yield _section("How it was measured", facts(_environment(result)))


def _section(title: str, *content: Html) -> Html:
    return element("section", element("h2", title), *content)


def _comparison(compared: Mapping[str, Any]) -> Html:
    told = (
        f"Baseline: {compared['baseline'] or 'unnamed'}. Each change lies between the two figures given with "
        f"{compared['confidence'] * 100:.3g} % confidence; seconds were resampled in blocks. A regression is "
        "certain, and at least 5 % and 0.1 ms (errors: 0.5 percentage points)."
    )
    slower = rows.slower(compared)
    parts = [table(rows.comparison(compared)), *([table(slower)] if slower.rows else [])]
    return together([*parts, element("p", f"{told}{_names(compared)}", class_="note")])


def _names(compared: Mapping[str, Any]) -> str:
    """Return how many names of requests were judged each by itself, nothing if none was."""
    judged = {str(row["name"]) for row in compared["by_name"]}
    if not judged:
        return ""
    sure = f"{compared['confidence_by_name'] * 100:.4g} % confidence"
    return f" Judged each by its own latency: {counted(len(judged), 'request name')}, with {sure}."


def _limit(limit: Mapping[str, Any]) -> Html:
    return together([side_by_side(knee(limit)), table(rows.steps(limit))])


def _requests(result: Result) -> Iterator[Html]:
    yield table(rows.requests(result))
    for told in (rows.streams(result), rows.statuses(result), rows.errors(result)):
        if told.rows:
            yield table(told)


def _environment(result: Result) -> dict[str, str | None]:
    environment = result["environment"] or {}
    machine = environment.get("machine", {})
    versions = environment.get("versions", {})
    load = result.get("load") or {}
    memory = machine.get("memory_bytes")
    return {
        "Command": result["command"],
        "Load": _load(load) if load else None,
        "As": limits(result),
        "Generator": _generator(result["generator"]),
        "Machine": ", ".join(
            filter(
                None,
                (
                    machine.get("cpu"),
                    f"{machine['cores']} cores" if machine.get("cores") else "",
                    f"{memory / _GB:.1f} GB" if memory else "",
                    machine.get("system"),
                ),
            )
        ),
        "Machine's id": machine.get("id"),
        "Versions": ", ".join(f"{name} {version}" for name, version in versions.items() if version),
        "Scenario's hash": environment.get("scenario_hash"),
    }


def _load(load: Mapping[str, Any]) -> str:
    told = [f"{load['model']} model"]
    if load["users"] is not None:
        told.append(counted(load["users"], "user"))
    if load["spawn_rate"] is not None:
        told.append(f"{load['spawn_rate']:g} started a second")
    told += [
        f"{counted(stage['users'], 'user')} after {duration(stage['duration_s'])}"
        for stage in load["stages"] or ()
    ]
    arrivals = load["arrivals"]
    if arrivals:
        told.append(f"{arrivals['shape']} arrivals")
        told += [f"{stage['rate']:g}/s for {duration(stage['duration_s'])}" for stage in arrivals["stages"]]
    return ", ".join(told)


def _generator(generator: Mapping[str, Any] | None) -> str | None:
    if not generator:
        return None
    told = []
    if generator["processes"]:
        told.append(f"{generator['processes']} process{'es' if generator['processes'] > 1 else ''}")
    if generator["cpu_share"] is not None:
        told.append(f"{generator['cpu_share'] * 100:.0f} % of its cores")
    workers = generator["workers"]
    if workers:
        told.append(f"{workers['expected']} workers, {workers['lost']} lost")
    told.append("saturated" if generator["saturated"] else "not saturated")
    return ", ".join(told)
