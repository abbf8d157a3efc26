"""The temporary tenant of load tests and drills: a key per virtual user, with its own limits."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from wattos_cli.clients import credentials, running
from wattos_cli.clients.refusals import part, unreachable
from wattos_cli.deps import Deps, NoReplyError
from wattos_cli.errors import WattosError
from wattos_cli.project import Project

TENANT = "loadtest"
PER_MINUTE = 6000
"""Requests that one key may send; the limit of a tenant as a whole holds beside it."""
MOST_KEYS = 200
"""More users than that share keys."""
_MARGIN_S = 300
_LONGEST_S = 7 * 24 * 3600.0
_TIMEOUT_S = 5.0
_MOMENT_S = 120
_AT_ONCE_S = 1
_LEFT = f"/admin/tokens?tenant={TENANT}&revoked=false&limit=1000"
_MOST_PAGES = 10


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys, what revokes them, and how the names of their users begin, who are this test's alone."""

    prefix: str
    tokens: tuple[str, ...]
    ids: tuple[str, ...]

    @property
    def users(self) -> tuple[str, ...]:
        """Return the users, in the order of their tokens."""
        return tuple(_user(self.prefix, number) for number in range(len(self.tokens)))


@dataclass(frozen=True, slots=True)
class LeftKey:
    """A key that nobody revoked and that has expired, at `expired_at_s` (epoch seconds)."""

    id: str
    user: str
    expired_at_s: float


@contextmanager
def keys_for(deps: Deps, project: Project, count: int, duration_s: float) -> Iterator[Keys]:
    """Yield `count` keys that outlive the test by minutes, and revoke them when the block ends."""
    keys = make_keys(deps, project, count, duration_s)
    try:
        yield keys
    finally:
        problem = revoke_keys(deps, project, keys.ids)
        if problem:
            deps.console.note(f"keys of temporary users could not be revoked, they expire soon: {problem}")


def make_keys(deps: Deps, project: Project, count: int, duration_s: float) -> Keys:
    """Return `count` keys that outlive the test by minutes; if one cannot be made, none remains."""
    prefix = f"{TENANT}-{uuid.uuid4().hex[:8]}-"
    tokens: list[str] = []
    ids: list[str] = []
    try:
        for number in range(count):
            ttl_s = round(min(duration_s, _LONGEST_S)) + _MARGIN_S
            token, key_id = _make_key(deps, project, _user(prefix, number), ttl_s)
            tokens.append(token)
            ids.append(key_id)
    except BaseException:
        revoke_keys(deps, project, ids)
        raise
    return Keys(prefix, tuple(tokens), tuple(ids))


def _user(prefix: str, number: int) -> str:
    """Return the name of the user of a test who has its key `number` (0-based)."""
    return f"{prefix}{number + 1}"


@contextmanager
def key_of(deps: Deps, project: Project, user: str) -> Iterator[str]:
    """Yield a key of one user of the tenant, for a moment."""
    token, key_id = _make_key(deps, project, user, _MOMENT_S)
    try:
        yield token
    finally:
        revoke_keys(deps, project, [key_id])


def leave_key(deps: Deps, project: Project, user: str) -> None:
    """Make a key of one user of the tenant that is soon among the `left_keys`; its token is nobody's."""
    _make_key(deps, project, user, _AT_ONCE_S)


def left_keys(deps: Deps, project: Project) -> Sequence[LeftKey]:
    """Return the keys that nobody revoked and that have expired: of load tests that left something.

    One that was killed revokes no keys, and one that could not delete everything leaves some of its users'.

    None while any key of the tenant is valid: another load test may be going on, or may have been killed
    just now. WattosError if the gateway does not tell.
    """
    now_s, path, found = deps.clock(), _LEFT, list[LeftKey]()
    gateway = running.service(project, "gateway")
    for _ in range(_MOST_PAGES):
        page = running.admin(deps, project, gateway, path)
        for item in part(page, "items"):
            expires_at_s = datetime.fromisoformat(part(item, "expires_at")).timestamp()
            if expires_at_s > now_s:
                return ()
            found.append(LeftKey(str(part(item, "id")), str(part(item, "user")), expires_at_s))
        if not page.get("next_cursor"):
            return found
        path = f"{_LEFT}&cursor={page['next_cursor']}"
    return ()


def revoke_keys(deps: Deps, project: Project, ids: Sequence[str]) -> str:
    """Revoke the keys; returns "", or why some could not be revoked (they expire by themselves)."""
    try:
        gateway = running.service(project, "gateway")
        for key_id in ids:
            running.admin(deps, project, gateway, "/admin/tokens/revoke", {"id": key_id})
    except WattosError as error:
        return error.message
    return ""


def _make_key(deps: Deps, project: Project, user: str, ttl_s: int) -> tuple[str, str]:
    """Return a new key and its id."""
    request = {
        "tenant": TENANT,
        "user": user,
        "role": "admin",  # of this tenant: its users delete the spaces that they made
        "ttl_s": ttl_s,
        "jwt": False,
        "limits": {"per_minute": PER_MINUTE},
    }
    made = credentials.make_token(deps, project, request)
    return str(made["token"]), str(made["id"])


def policy(deps: Deps, url: str, token: str) -> str:
    """Return the limits that hold for a key, as the gateway states them, "" if it does not.

    WattosError (exit 4) if the gateway does not answer.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        reply = deps.http.request("GET", url, "/v1/models", headers=headers, timeout_s=_TIMEOUT_S)
    except NoReplyError as error:
        raise unreachable(url, str(error)) from error
    return reply.headers.get("ratelimit-policy", "")
