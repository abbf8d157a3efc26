"""What temporary users could not delete themselves: cleared as the load ends, or before a load test."""

import math
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from wattos_cli.clients import loadtest_tenant
from wattos_cli.clients.loadtest_tenant import Keys
from wattos_cli.deps import Deps, NoReplyError
from wattos_cli.errors import WattosError
from wattos_cli.leftovers.clearing import SERVICES, Bounds, Clearing, Reach
from wattos_cli.loadtest.journey import NAME_PREFIX
from wattos_cli.project import Project

_BEFORE = Bounds(
    200,
    20.0,
    "clearing what earlier load tests and drills have left, as fast as rate limits allow, for 20 s at most",
    "a run that has to begin cannot wait for more",
)
"""Its requests count towards the limit of the tenant, which the run that follows needs itself."""
_LAST_S = 120.0
"""With the limits of a tenant that has none of its own that is room for 2000 things."""
_MOST_REQUESTS = 20_000
_IN_THE_WAY = (WattosError, NoReplyError, ValueError)


def clear_leftovers(deps: Deps, project: Project, url: str) -> None:
    """Delete what earlier load tests and drills have left, and say what went.

    Whatever is in the way, the run begins. One that ended by itself left keys only of users of whom something
    is left. Those of one that was killed expire, and what their users had made by then is nobody's. What is
    not cleared within bounds is left to the next load test. Once a user has nothing left the keys are
    revoked, so that nobody looks there again.
    """
    try:
        keys = loadtest_tenant.left_keys(deps, project)
        if not keys:
            return
        reach = Reach(SERVICES, NAME_PREFIX, max(key.expired_at_s for key in keys))
        clearing = Clearing(deps, project, url, reach, _BEFORE)
        try:
            for user in dict.fromkeys(key.user for key in keys):
                with loadtest_tenant.key_of(deps, project, user) as token:
                    clear = clearing.user(token)
                if clear:
                    ids = [key.id for key in keys if key.user == user]
                    loadtest_tenant.revoke_keys(deps, project, ids)
        finally:
            if clearing.told:
                deps.console.note(f"cleared what earlier load tests and drills had left: {clearing.told}")
    except _IN_THE_WAY as error:
        left = "not all that earlier load tests and drills left is cleared"
        deps.console.note(f"{left}: {error}; the next one goes on")


@contextmanager
def cleared_afterwards(
    deps: Deps, project: Project, url: str, keys: Keys, services: Collection[str], *, last_s: float = _LAST_S
) -> Iterator[None]:
    """Delete what the users of `keys` have made in `services` when the block ends, however it does.

    They do so themselves as long as the gateway lets them and their process lives. Users and names are these
    keys' alone: nothing of others is touched. It takes `last_s` at most; what is left then is said, and left
    to the next load test.
    """
    try:
        yield
    finally:
        left, why = dict(zip(keys.users, keys.tokens, strict=True)), "interrupted"
        try:
            reach = Reach(services, keys.prefix, math.inf)
            why = _cleared(deps, Clearing(deps, project, url, reach, _after(last_s)), left)
        except _IN_THE_WAY as error:
            why = str(error)
        finally:
            if left:
                _leave(deps, project, left, why)


def _after(last_s: float) -> Bounds:
    return Bounds(
        _MOST_REQUESTS,
        last_s,
        f"deleting what the users left, as fast as rate limits allow, for {last_s:g} s at most;"
        " Ctrl-C ends it",
        f"{last_s:g} s were not enough",
    )


def _cleared(deps: Deps, clearing: Clearing, left: dict[str, str]) -> str:
    """Clear user by user, take those who have nothing left out of `left`, and return why the rest has."""
    try:
        for user, token in tuple(left.items()):
            if clearing.user(token):
                del left[user]
    finally:
        if clearing.told:
            deps.console.note(f"deleted what the users had left: {clearing.told}")
    return "runs of agents that do not end, or a service that does not run any more"


def _leave(deps: Deps, project: Project, users: Collection[str], why: str) -> None:
    """Leave to a later load test what these users have, and say so."""
    when = "the next load test goes on with it"
    try:
        for user in users:
            loadtest_tenant.leave_key(deps, project, user)
    except WattosError:  # a gateway that is away revokes no keys either
        when = "a load test goes on with it once their keys have expired"
    deps.console.note(f"not all that the users made is deleted: {why}; {when}")
