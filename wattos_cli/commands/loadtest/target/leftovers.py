"""What load tests that were killed have left in their tenant, cleared by the next one."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from wattos_cli.clients import loadtest_tenant, running
from wattos_cli.clients.addresses import asked
from wattos_cli.clients.loadtest_tenant import LeftKey
from wattos_cli.clients.refusals import part
from wattos_cli.deps import Deps, NoReplyError, Reply
from wattos_cli.errors import WattosError
from wattos_cli.loadtest.journey import NAME_PREFIX
from wattos_cli.project import Project
from wattos_cli.render.loadtest.figures import counted

_MOST_REQUESTS = 200
"""They count towards the limit of the tenant, which the run that follows needs itself."""
_LONGEST_S, _TIMEOUT_S = 20.0, 5.0
_ERROR, _NOT_FOUND, _CONFLICT = 400, 404, 409


class _Kind(NamedTuple):
    noun: str
    service: str
    path: str


_SPACES = _Kind("knowledge space", "rag", "/api/v1/knowledge-spaces")
_CONVERSATIONS = _Kind("conversation", "chat", "/api/v1/conversations")
_RUNS = _Kind("run", "agent", "/api/v1/runs")
_KINDS = (_SPACES, _CONVERSATIONS, _RUNS)


def clear_leftovers(deps: Deps, project: Project, url: str) -> None:
    """Delete what killed load tests have left, and say what went; whatever is in the way, the run begins.

    A load test that ends revokes its keys. Those of one that was killed expire, and what their users had made
    by then is nobody's. What is not cleared within bounds is left to the next load test.
    """
    try:
        keys = loadtest_tenant.left_keys(deps, project)
        if not keys:
            return
        clearing = _Clearing(deps, project, url, keys)
        try:
            clearing.run()
        finally:
            if clearing.gone:
                told = ", ".join(counted(count, noun) for noun, count in clearing.gone.items())
                deps.console.note(f"cleared what killed load tests had left: {told}")
    except (WattosError, NoReplyError, ValueError) as error:
        deps.console.note(f"not all that killed load tests left is cleared: {error}; the next one goes on")


class _Clearing:
    """Clears user by user: the first sees the spaces of all, conversations and runs are everybody's own.

    The keys of one who has nothing left are revoked, so that nobody looks there again.
    """

    def __init__(self, deps: Deps, project: Project, url: str, keys: Sequence[LeftKey]) -> None:
        self._deps = deps
        self._project = project
        self._url = url
        self._keys = keys
        self._made_before_s = max(key.expired_at_s for key in keys)
        self._requests_left = _MOST_REQUESTS
        self._deadline = deps.monotonic() + _LONGEST_S
        self.gone: Counter[str] = Counter()

    def run(self) -> None:
        """Clear all; WattosError or NoReplyError where it ended before."""
        running_now = {row.name for row in running.running(self._project)}
        kinds = [kind for kind in _KINDS if kind.service in running_now]
        for number, user in enumerate(dict.fromkeys(key.user for key in self._keys)):
            with loadtest_tenant.key_of(self._deps, self._project, user) as token:
                clear = [self._cleared(kind, token) for kind in kinds if kind is not _SPACES or not number]
            if all(clear) and kinds == list(_KINDS):
                ids = [key.id for key in self._keys if key.user == user]
                loadtest_tenant.revoke_keys(self._deps, self._project, ids)

    def _cleared(self, kind: _Kind, token: str) -> bool:
        """Delete what the user of `token` has of this kind; False if something of it has to end first."""
        gone = True
        for item in [item for item in self._listed(kind, token) if self._is_left(kind, item)]:
            path = f"{kind.path}/{part(item, 'id')}"
            reply = self._request("DELETE", path, token)
            if kind is _RUNS and reply.status == _CONFLICT:
                self._request("POST", f"{path}/cancel", token)
                gone = False
                continue
            if reply.status >= _ERROR and reply.status != _NOT_FOUND:
                raise _refused("DELETE", kind.path, reply)
            self.gone[kind.noun] += 1
        return gone

    def _is_left(self, kind: _Kind, item: Mapping[str, Any]) -> bool:
        """Return whether it was made by a killed run; among spaces there may be those of somebody else."""
        made_at_s = datetime.fromisoformat(part(item, "created_at")).timestamp()
        ours = kind is not _SPACES or str(part(item, "name")).startswith(NAME_PREFIX)
        return ours and made_at_s < self._made_before_s

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
        if not self._requests_left or self._deps.monotonic() > self._deadline:
            raise WattosError("a run that has to begin cannot wait for more")
        self._requests_left -= 1
        return asked(self._deps.http, method, self._url, path, token=token, timeout_s=_TIMEOUT_S)


def _refused(method: str, path: str, reply: Reply) -> WattosError:
    return WattosError(f"{method} {path} was answered with status {reply.status}")
