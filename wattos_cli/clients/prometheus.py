"""A Prometheus, or what speaks its HTTP API, as `deps.Metrics`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from wattos_cli.clients.addresses import asked
from wattos_cli.clients.prometheus_shape import are_rules, has_native_histograms, is_sound
from wattos_cli.deps import BadQueryError, FailedQueryError, Http, MetricAnswer, NoReplyError, Reply
from wattos_cli.errors import ExitCode, WattosError

TIMEOUT_S = 30.0
_DAY_S = 86_400
_BAD_REQUEST, _UNPROCESSABLE = 400, 422
_OK = 200
_REFUSED = frozenset({401, 403})
_UNAVAILABLE = frozenset({502, 503, 504})
_KINDS = frozenset({"vector", "matrix", "scalar", "string"})
# `invalid parameter "query": 1:8: parse error: unexpected end of input`
_PLACED = re.compile(r"(?:^|: )(\d+):(\d+): (?:parse error: )?(.*)", re.DOTALL)


@dataclass(frozen=True)
class Prometheus:
    """Asks the Prometheus at `url` (a path before `/api` is kept) with the bearer token `token`, if any."""

    http: Http
    url: str
    token: str | None = None
    timeout_s: float = TIMEOUT_S

    def instant(self, expression: str, at_s: float) -> MetricAnswer:
        """Return the value of `expression` at `at_s`."""
        return self._asked("query", expression, {"time": _seconds(at_s)})

    def range(self, expression: str, start_s: float, end_s: float, step_s: float) -> MetricAnswer:
        """Return the values of `expression` from `start_s` through `end_s`, every `step_s`."""
        times = {"start": _seconds(start_s), "end": _seconds(end_s), "step": _seconds(step_s)}
        return self._asked("query_range", expression, times)

    def names(self, at_s: float) -> list[str]:
        """Return the names of the metrics that it has had within the day before `at_s`."""
        times = {"start": _seconds(at_s - _DAY_S), "end": _seconds(at_s)}
        answer = self._get("label/__name__/values", times, "")
        names = answer.get("data")
        if not isinstance(names, list):
            raise self._stranger("it gave no names")
        return [str(name) for name in names]

    def alert_rules(self) -> list[dict[str, Any]]:
        """Return its alerting rules, each with the alerts that it has raised, as the API has them."""
        data = self._get("rules", {"type": "alert"}, "").get("data")
        if not isinstance(data, dict) or not are_rules(data.get("groups")):
            raise self._stranger("it gave no rules")
        return [rule for group in data["groups"] for rule in group["rules"] if rule.get("type") == "alerting"]

    def _asked(self, path: str, expression: str, times: Mapping[str, str]) -> MetricAnswer:
        limit = {"timeout": f"{self.timeout_s:g}s"}
        answer = self._get(path, {"query": expression, **times, **limit}, expression)
        data = answer.get("data")
        if not isinstance(data, dict) or data.get("resultType") not in _KINDS or "result" not in data:
            raise self._stranger("it gave no result")
        if has_native_histograms(data["result"]):
            raise FailedQueryError("it holds native histograms; ask for their histogram_quantile or sum")
        if not is_sound(data["resultType"], data["result"]):
            raise self._stranger("its result has not the shape that its type tells")
        remarks = (*(answer.get("warnings") or ()), *(answer.get("infos") or ()))
        return MetricAnswer(data["resultType"], data["result"], tuple(str(remark) for remark in remarks))

    def _get(self, path: str, parameters: Mapping[str, str], expression: str) -> dict[str, Any]:
        target = f"/api/v1/{path}?{urlencode(parameters)}"
        try:
            reply = asked(self.http, "GET", self.url, target, token=self.token, timeout_s=self.timeout_s)
        except NoReplyError as error:
            raise self._away(str(error)) from error
        return self._understood(reply, expression)

    def _understood(self, reply: Reply, expression: str) -> dict[str, Any]:
        """Return a successful answer; raises what stands for any other."""
        if reply.status in _REFUSED:
            raise self._credentials(reply.status)
        try:
            answer = reply.json()
        except ValueError:
            answer = None
        if reply.status in _UNAVAILABLE:
            reason = answer.get("error") if isinstance(answer, dict) else None
            raise self._away(str(reason or f"it answered with status {reply.status}"))
        if not isinstance(answer, dict) or "status" not in answer:
            raise self._stranger(f"status {reply.status}")
        reason = str(answer.get("error") or f"status {reply.status}")
        if reply.status == _BAD_REQUEST:
            raise _bad(reason, expression)
        if reply.status == _UNPROCESSABLE:
            raise FailedQueryError(reason)
        if reply.status != _OK or answer["status"] != "success":
            raise self._stranger(reason)
        return answer

    def _away(self, reason: str) -> WattosError:
        return WattosError(
            f"cannot reach Prometheus at {self.url}: {reason}",
            hint="is the address right, and does it run? Without --prometheus wattos asks its own store",
            code="prometheus_unreachable",
            exit_code=ExitCode.UNREACHABLE,
            details={"url": self.url},
        )

    def _credentials(self, status: int) -> WattosError:
        what = "refused the token" if self.token else "asks for a token"
        return WattosError(
            f"Prometheus at {self.url} {what} (HTTP {status})",
            hint="give it in a file: --token-file FILE, or WATTOS_PROMETHEUS_TOKEN_FILE",
            code="prometheus_refused",
            exit_code=ExitCode.UNREACHABLE,
            details={"url": self.url, "status": status},
        )

    def _stranger(self, what: str) -> WattosError:
        return WattosError(
            f"what answers at {self.url} does not speak Prometheus' API: {what}",
            hint="give the address without /api/v1, for example http://127.0.0.1:9090",
            code="prometheus_not_understood",
            exit_code=ExitCode.UNREACHABLE,
            details={"url": self.url},
        )


def _seconds(value: float) -> str:
    """Return `value` with the milliseconds that Prometheus reckons with."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _bad(reason: str, expression: str) -> BadQueryError:
    """Return the error for a refused expression, with the place that Prometheus names by line and column."""
    placed = _PLACED.search(reason)
    if placed is None:
        return BadQueryError(reason)
    line, column = int(placed[1]), int(placed[2])
    before = sum(len(each) + 1 for each in expression.split("\n")[: line - 1])
    return BadQueryError(placed[3], min(before + column - 1, len(expression)))
