"""An Alertmanager, asked for the alerts that it holds."""

from dataclasses import dataclass
from typing import Any

from wattos_cli.clients.addresses import asked
from wattos_cli.clients.prometheus_shape import are_alerts
from wattos_cli.deps import Http, NoReplyError, Reply
from wattos_cli.errors import ExitCode, WattosError

_OK = 200
_REFUSED = frozenset({401, 403})


@dataclass(frozen=True)
class Alertmanager:
    """Asks the Alertmanager at `url` (a path before `/api` is kept) with the bearer token `token`, if any."""

    http: Http
    url: str
    token: str | None = None
    timeout_s: float = 30.0

    def alerts(self) -> list[dict[str, Any]]:
        """Return what fires, in the shape of its API, silenced and inhibited ones too.

        Raises WattosError (exit 4) when it cannot be reached, refuses, or is no Alertmanager.
        """
        try:
            reply = asked(
                self.http, "GET", self.url, "/api/v2/alerts", token=self.token, timeout_s=self.timeout_s
            )
        except NoReplyError as error:
            raise self._error("alertmanager_unreachable", f"cannot be reached: {error}") from error
        return self._understood(reply)

    def _understood(self, reply: Reply) -> list[dict[str, Any]]:
        if reply.status in _REFUSED:
            raise self._error("alertmanager_refused", f"refused the credentials (HTTP {reply.status})")
        try:
            answer = reply.json()
        except ValueError:
            answer = None
        if reply.status != _OK or not are_alerts(answer):
            raise self._error("alertmanager_not_understood", f"does not speak its API (HTTP {reply.status})")
        alerts: list[dict[str, Any]] = answer
        return alerts

    def _error(self, code: str, reason: str) -> WattosError:
        return WattosError(
            f"Alertmanager at {self.url} {reason}",
            hint="is it http://HOST:9093, without /api? A token goes into a file: --token-file FILE",
            code=code,
            exit_code=ExitCode.UNREACHABLE,
            details={"url": self.url},
        )
