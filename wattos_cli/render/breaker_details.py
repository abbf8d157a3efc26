"""One circuit breaker in full: its replicas, when it opens and recovers, its last changes."""

from collections.abc import Mapping, Sequence
from typing import Any

from wattos_cli.render import breakers
from wattos_cli.render.columns import duration

_CHANGES_SHOWN = 10


def as_text(shown: Sequence[Mapping[str, Any]], *, width: int, color: bool) -> str:
    """Return the table of the replicas, their settings (once, where they agree) and the newest changes."""
    rows = [{**_place(each), **each["breaker"]} for each in shown]
    parts = [breakers.as_table(breakers.in_order(rows), width=width, color=color)]
    by_rules: dict[str, list[str]] = {}
    for each in shown:
        by_rules.setdefault(_rules(each["settings"]), []).append(str(each["service"]))
    for rules, services in by_rules.items():
        where = f" ({', '.join(sorted(set(services)))})" if len(by_rules) > 1 else ""
        parts.append(rules.replace(":", f"{where}:", 1))
    changes = sorted(
        ({**_place(each), **event} for each in shown for event in each["events"]),
        key=lambda change: str(change["time"]),
    )
    if changes:
        lines = [f"  {breakers.change_line(change, color=color)}" for change in changes[-_CHANGES_SHOWN:]]
        parts.append("\n".join(["last changes:", *lines]))
    return "\n\n".join(parts)


def _place(each: Mapping[str, Any]) -> dict[str, Any]:
    return {"service": each["service"], "replica": each["replica"]}


def _rules(settings: Mapping[str, Any]) -> str:
    """Return in words when such a breaker opens and how it recovers."""
    calls = settings["window_calls"]
    window = f"the last {calls} calls" if calls else f"the last {duration(settings['window_s'])}"
    slow = settings["slow_call_s"]
    slowly = f"{settings['slow_call_rate']:.0%} slower than {slow:g} s" if slow else "slow calls do not count"
    permits = settings["half_open_permits"]
    probes = "1 call probes" if permits == 1 else f"{permits} calls probe"
    return f"""opens:
  after {settings["failure_threshold"]} failures in a row, or when in {window},
  of at least {settings["minimum_calls"]} calls, {settings["failure_rate"]:.0%} failed ({slowly})
  for {duration(settings["reset_timeout_s"])} (+-{settings["jitter"]:.0%}), then {probes}; each failed probe
  makes the wait {settings["wait_growth"]:g} times as long, up to {duration(settings["wait_cap_s"])}"""
