"""Deletes through the API what temporary users have made: spaces, conversations, runs of agents."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from wattos_cli.clients import running
from wattos_cli.clients.addresses import asked
from wattos_cli.clients.refusals import part
from wattos_cli.deps import Deps, Reply
from wattos_cli.errors import WattosError
from wattos_cli.project import Project
from wattos_cli.render.loadtest.figures import counted

_TIMEOUT_S = 5.0
_ERROR, _NOT_FOUND, _CONFLICT = 400, 404, 409
_LATER = (429, 503)
_ENDS_IN_S, _LOOKS = 1.0, 5


class _Kind(NamedTuple):
    noun: str
    service: str
    path: str


_SPACES = _Kind("knowledge space", "rag", "/api/v1/knowledge-spaces")
_CONVERSATIONS = _Kind("conversation", "chat", "/api/v1/conversations")
_RUNS = _Kind("run", "agent", "/api/v1/runs")
_KINDS = (_SPACES, _CONVERSATIONS, _RUNS)
SERVICES = frozenset(kind.service for kind in _KINDS)


class Bounds(NamedTuple):
    """How many requests and seconds a clearing may take; what is said when it waits, and at a bound."""

    requests: int
    last_s: float
    waiting: str
    reached: str


class Reach(NamedTuple):
    """What may be touched: what `services` hold that was made before `before_s` (epoch seconds).

    Of the knowledge spaces, which a whole tenant sees, those whose names begin with `prefix`.
    """

    services: Collection[str]
    prefix: str
    before_s: float


class Clearing:
    """Clears user by user what is within reach: the first sees the spaces of all, the rest is one's own.

    Limits of the gateway hold for it too: it comes again when they allow it.
    """

    def __init__(self, deps: Deps, project: Project, url: str, reach: Reach, bounds: Bounds) -> None:
        running_now = {row.name for row in running.running(project)}
        kinds = [kind for kind in _KINDS if kind.service in reach.services]
        self._deps = deps
        self._url = url
        self._reach = reach
        self._bounds = bounds
        self._kinds = [kind for kind in kinds if kind.service in running_now]
        self._all_run = self._kinds == kinds
        self._spaces_looked_at = False
        self._requests_left = bounds.requests
        self._deadline = deps.monotonic() + bounds.last_s
        self._waited = False
        self._gone: Counter[str] = Counter()

    @property
    def told(self) -> str:
        """Return what was deleted, "" for nothing."""
        return ", ".join(counted(count, noun) for noun, count in self._gone.items())

    def user(self, token: str) -> bool:
        """Delete what the user of `token` has; False if something of it remains.

        WattosError or NoReplyError where it ended before.
        """
        kinds = [kind for kind in self._kinds if kind is not _SPACES or not self._spaces_looked_at]
        self._spaces_looked_at = True
        clear = [self._cleared(kind, token) for kind in kinds]
        return all(clear) and self._all_run

    def _cleared(self, kind: _Kind, token: str) -> bool:
        """Delete what the user of `token` has of this kind; False if something of it does not end."""
        left = [item for item in self._listed(kind, token) if self._is_left(kind, item)]
        gone = [self._deleted(kind, f"{kind.path}/{part(item, 'id')}", token) for item in left]
        return all(gone)

    def _deleted(self, kind: _Kind, path: str, token: str) -> bool:
        """Delete one thing, a run once it has ended, and return whether it is gone."""
        for _ in range(_LOOKS):
            reply = self._request("DELETE", path, token)
            if kind is not _RUNS or reply.status != _CONFLICT:
                break
            self._request("POST", f"{path}/cancel", token)
            self._deps.sleep(_ENDS_IN_S)
        else:
            return False
        if reply.status >= _ERROR and reply.status != _NOT_FOUND:
            raise _refused("DELETE", kind.path, reply)
        self._gone[kind.noun] += 1
        return True

    def _is_left(self, kind: _Kind, item: Mapping[str, Any]) -> bool:
        """Return whether it may go; among spaces there may be those of somebody else."""
        made_at_s = datetime.fromisoformat(part(item, "created_at")).timestamp()
        ours = kind is not _SPACES or str(part(item, "name")).startswith(self._reach.prefix)
        return ours and made_at_s < self._reach.before_s

    def _listed(self, kind: _Kind, token: str) -> Iterator[Mapping[str, Any]]:
        path = f"{kind.path}?limit=100"
        while path:
            reply = self._request("GET", path, token)
            if reply.status >= _ERROR:
                raise _refused("GET", kind.path, reply)
            page = reply.json()
            yield from part(page, "items")
            cursor = page.get("next_cursor")
            path = f"{kind.path}?limit=100&cursor={cursor}" if cursor else ""

    def _request(self, method: str, path: str, token: str) -> Reply:
        """Return the answer, the first that is no refusal for now; WattosError when a bound is reached."""
        while self._requests_left and self._deps.monotonic() < self._deadline:
            self._requests_left -= 1
            reply = asked(self._deps.http, method, self._url, path, token=token, timeout_s=_TIMEOUT_S)
            wait_s = reply.headers.get("retry-after", "") if reply.status in _LATER else ""
            if not wait_s.isdecimal():
                return reply
            self._wait(float(wait_s))
        raise WattosError(self._bounds.reached)

    def _wait(self, wait_s: float) -> None:
        """Wait as long as the platform asks for, within the bounds; the first time, say so."""
        if not self._waited:
            self._deps.console.note(self._bounds.waiting)
            self._waited = True
        self._deps.sleep(max(0.0, min(wait_s, self._deadline - self._deps.monotonic())))


def _refused(method: str, path: str, reply: Reply) -> WattosError:
    return WattosError(f"{method} {path} was answered with status {reply.status}")
