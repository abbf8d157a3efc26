"""Whether an answer holds what the APIs of Prometheus and Alertmanager give: no answer is trusted."""

from collections.abc import ItemsView
from typing import Any


def has_native_histograms(result: Any) -> bool:
    """Return whether a series of `result` has a native histogram in place of a number."""
    rows = result if isinstance(result, list) else []
    return any(isinstance(row, dict) and row.keys() & {"histogram", "histograms"} for row in rows)


def is_sound(kind: str, result: Any) -> bool:
    """Return whether `result` is what Prometheus gives for its type."""
    try:
        if kind == "string":
            return isinstance(result[1], str)
        if kind == "scalar":
            samples = [result]
        else:
            samples = [
                sample
                for row in result
                for sample in (row["values"] if kind == "matrix" else [row["value"]])
                if isinstance(row["metric"].items(), ItemsView)
            ]
        return all(isinstance(time, int | float) and float(value) is not None for time, value in samples)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError):
        return False


def are_rules(groups: Any) -> bool:
    """Return whether `groups` are groups of rules, with their alerts."""
    if not (_objects(groups) and all(_objects(group.get("rules")) for group in groups)):
        return False
    rules = [rule for group in groups for rule in group["rules"]]
    return all(isinstance(rule.get("name"), str) and _tells(rule) for rule in rules) and all(
        are_alerts(rule.get("alerts") or []) for rule in rules
    )


def are_alerts(alerts: Any) -> bool:
    """Return whether `alerts` are a list of alerts, of either program."""
    return _objects(alerts) and all(_tells(alert) for alert in alerts)


def _objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _tells(rule: dict[str, Any]) -> bool:
    """Return whether what it says of itself is named."""
    return all(isinstance(rule.get(member) or {}, dict) for member in ("labels", "annotations", "status"))
