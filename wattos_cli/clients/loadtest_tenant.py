"""The temporary tenant of a load test: a key per virtual user, with limits of its own, revoked afterwards."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from wattos_cli.clients import credentials, running
from wattos_cli.clients.refusals import unreachable
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


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys, and what revokes them."""

    tokens: tuple[str, ...]
    ids: tuple[str, ...]


@contextmanager
def keys_for(deps: Deps, project: Project, count: int, duration_s: float) -> Iterator[Keys]:
    """Yield `count` keys that outlive the test by minutes, and revoke them when the block ends."""
    keys = make_keys(deps, project, count, duration_s)
    try:
        yield keys
    finally:
        problem = revoke_keys(deps, project, keys.ids)
        if problem:
            deps.console.note(f"keys of the load test could not be revoked, they expire soon: {problem}")


def make_keys(deps: Deps, project: Project, count: int, duration_s: float) -> Keys:
    """Return `count` keys that outlive the test by minutes; if one cannot be made, none remains."""
    tokens: list[str] = []
    ids: list[str] = []
    try:
        for number in range(count):
            request = {
                "tenant": TENANT,
                "user": f"loadtest-{number + 1}",
                "role": "admin",  # of this tenant: its users delete the spaces that they made
                "ttl_s": round(min(duration_s, _LONGEST_S)) + _MARGIN_S,
                "jwt": False,
                "limits": {"per_minute": PER_MINUTE},
            }
            made = credentials.make_token(deps, project, request)
            tokens.append(str(made["token"]))
            ids.append(str(made["id"]))
    except BaseException:
        revoke_keys(deps, project, ids)
        raise
    return Keys(tuple(tokens), tuple(ids))


def revoke_keys(deps: Deps, project: Project, ids: Sequence[str]) -> str:
    """Revoke the keys; returns "", or why some could not be revoked (they expire by themselves)."""
    try:
        gateway = running.service(project, "gateway")
        for key_id in ids:
            running.admin(deps, project, gateway, "/admin/tokens/revoke", {"id": key_id})
    except WattosError as error:
        return error.message
    return ""


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
