"""The parameters of a request: times, durations, selectors; what is wrong with one is said by name."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus

from wattos_cli.durations import UNITS_S, duration_s
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.nodes import Selector
from wattos_cli.metricstore.promql.parse import parse
from wattos_cli.metricstore.series import Matcher

Parameters = Mapping[str, Sequence[str]]

# What clients of Prometheus write for "as early" and "as late as there is", and what it means here.
_EARLIEST, _LATEST = "-292273086-05-16T16:47:06Z", "292277025-08-18T07:12:54.999999999Z"
EARLIEST_MS, LATEST_MS = -(2**53), 2**53
_DAYS = {"w": 7, "y": 365}


class ApiError(Exception):
    """An answer other than success, in the words of Prometheus' API."""

    def __init__(self, status: HTTPStatus, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


def invalid(name: str, reason: str) -> ApiError:
    """Return the error for a wrong parameter."""
    return ApiError(HTTPStatus.BAD_REQUEST, "bad_data", f'invalid parameter "{name}": {reason}')


def text(parameters: Parameters, name: str) -> str:
    """Return the first value of `name`, empty when there is none."""
    values = parameters.get(name) or ("",)
    return values[0]


def time_ms(parameters: Parameters, name: str, default_ms: int | None) -> int:
    """Return a time: seconds since 1970 or RFC 3339; `default_ms` when it is not given, None for none."""
    given = text(parameters, name)
    if not given:
        if default_ms is None:
            raise invalid(name, 'cannot parse "" to a valid timestamp')
        return default_ms
    if given in {_EARLIEST, _LATEST}:
        return EARLIEST_MS if given == _EARLIEST else LATEST_MS
    try:
        return max(EARLIEST_MS, min(LATEST_MS, round(_unix_s(given) * 1000)))
    except (ValueError, OverflowError):
        raise invalid(name, f'cannot parse "{given[:100]}" to a valid timestamp') from None


def _unix_s(given: str) -> float:
    try:
        return float(given)
    except ValueError:
        moment = datetime.fromisoformat(given)
        if moment.tzinfo is None:
            raise
        return moment.timestamp()


def step_ms(parameters: Parameters) -> int:
    """Return the step of a range: seconds, or a duration like `1m30s`."""
    given = text(parameters, "step")
    try:
        seconds = _duration_s(given)
    except ValueError:
        raise invalid("step", f'cannot parse "{given[:100]}" to a valid duration') from None
    if not math.isfinite(seconds) or round(seconds * 1000) <= 0:
        raise invalid(
            "step", "zero or negative query resolution step widths are not accepted. Try a positive integer"
        )
    return round(seconds * 1000)


def _duration_s(given: str) -> float:
    try:
        return float(given)
    except ValueError:
        unit = given[-1:]
        if unit in _DAYS:
            return float(given[:-1]) * _DAYS[unit] * UNITS_S["d"]
        return duration_s(given)


def limit(parameters: Parameters, name: str = "limit") -> int | None:
    """Return how many results are wanted at most; None for all of them."""
    given = text(parameters, name)
    if not given:
        return None
    try:
        count = int(given)
    except ValueError:
        count = -1
    if count < 0:
        raise invalid(name, f'cannot parse "{given[:100]}" to a number that is not negative')
    return count or None


def selectors(parameters: Parameters) -> list[Sequence[Matcher]]:
    """Return the matchers of each `match[]`."""
    found: list[Sequence[Matcher]] = []
    for given in parameters.get("match[]", ()):
        try:
            node = parse(given)
        except PromqlError as error:
            raise invalid("match[]", f"{place(given, error)}{error.message}") from None
        if not isinstance(node, Selector):
            raise invalid("match[]", f"{given[:100]!r} is no selector of series")
        found.append(node.matchers)
    return found


def place(expression: str, error: PromqlError) -> str:
    """Return where `expression` is wrong, as line and column, and that it cannot be read; empty if it can."""
    if error.position is None:
        return ""
    before = expression[: error.position]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: parse error: "
