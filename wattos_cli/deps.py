"""Every dependency a command may use, given as one object, so that a test replaces any of them."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TextIO, TypeVar

from wattos_cli.console import Console
from wattos_cli.errors import ExitCode


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer, complete; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON; ValueError if it is none, or nested too deep to be an answer."""
        try:
            return json.loads(self.body)
        except RecursionError:
            raise ValueError("nested too deep") from None


class NoReplyError(Exception):
    """No HTTP answer came; the text says why: refused, time-out, not HTTP."""


class Http(Protocol):
    """Plain HTTP/1.1 to a local address: `http://host:port`, or `unix:/path/of/a.sock`."""

    def request(
        self,
        method: str,
        address: str,
        path: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float,
    ) -> Reply:
        """Return the answer; `body` is sent as JSON. Raises NoReplyError when none comes in time."""
        ...


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event; `data` is parsed JSON."""

    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """How one replica is; `reached` says whether anything answered at all."""

    name: str
    replica: int
    status: str
    response_time_ms: float
    checks: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    info: Mapping[str, str] = field(default_factory=dict)
    reached: bool = True


class Gateway(Protocol):
    """The platform's API as its users see it; every method raises WattosError for anything but success."""

    def json(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON answer."""
        ...

    def upload(self, path: str, file: Path, name: str) -> Any:
        """Send `file`, streamed from disk, as the multipart field `file`; return the JSON answer."""
        ...

    def events(self, path: str, body: Any) -> Iterator[Event]:
        """Yield the events of a streamed answer; the last one is `done`."""
        ...

    @property
    def last_headers(self) -> Mapping[str, str]:
        """Return the headers of the last answer (`x-request-id`, `traceparent`)."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


@dataclass(frozen=True, slots=True)
class MetricAnswer:
    """The answer to PromQL: `kind` and `result` are `resultType` and `result` of Prometheus' HTTP API."""

    kind: str
    result: Any
    warnings: tuple[str, ...] = ()


class BadQueryError(Exception):
    """An expression that cannot be read; `position` counts its characters from 0, None when unknown."""

    def __init__(self, reason: str, position: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


class FailedQueryError(Exception):
    """A sound expression that has no answer over these series; the text says why."""


class Metrics(Protocol):
    """Series that answer PromQL: those that were scraped here, or a Prometheus.

    Every method raises BadQueryError or FailedQueryError for what is wrong with the expression, WattosError
    when there is nothing to ask. Times and steps are in seconds.
    """

    def instant(self, expression: str, at_s: float) -> MetricAnswer:
        """Return the value of `expression` at a time."""
        ...

    def range(self, expression: str, start_s: float, end_s: float, step_s: float) -> MetricAnswer:
        """Return the values of `expression` from `start_s` through `end_s`."""
        ...

    def names(self, at_s: float) -> list[str]:
        """Return the names of the metrics of the day before `at_s`."""
        ...


class Offline:
    """An `Http` that reaches nothing."""

    def request(self, method: str, address: str, path: str, **_options: Any) -> Reply:
        """Raise NoReplyError."""
        raise NoReplyError(f"offline: {method} {address}{path} was not sent")


def no_gateway(url: str, _token: str) -> Gateway:
    """Raise NoReplyError: there is no platform."""
    raise NoReplyError(f"offline: {url} was not asked")


@dataclass
class Deps:
    """What a command may reach; `cwd` is where the user stands (after `-C`)."""

    console: Console
    environ: Mapping[str, str]
    cwd: Path
    stdin: TextIO
    clock: Callable[[], float]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    http: Http = field(default_factory=Offline)
    # (url, token) -> the API of the platform at `url`
    gateway: Callable[[str, str], Gateway] = no_gateway


OptionsT = TypeVar("OptionsT")

# The work of a command: Options in, exit code out; it raises WattosError for every foreseen failure.
Run = Callable[[OptionsT, Deps], ExitCode]

# The parser of a command: `deps` first, then typer parameters; it returns what `run` returns.
Command = Callable[..., ExitCode]
