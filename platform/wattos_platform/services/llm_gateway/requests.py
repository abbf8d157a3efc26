"""What every request to a model has in common: its body, its caller, its time."""

import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive

from wattos_platform.kernel import context
from wattos_platform.kernel.disconnect import CancelOnDisconnect
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.deadline import remaining_s
from wattos_platform.services.llm_gateway.accounting import Caller
from wattos_platform.services.llm_gateway.domain.refusals import Refusal

Handler = Callable[[Request], Awaitable[Response]]
_decode = msgspec.json.Decoder().decode


def caller_of(operation: str) -> Caller:
    """Return for whom the request at hand is made; ServiceError 401 without an identity."""
    now = context.current()
    return Caller(
        now.identity or context.identity(), now.request_id, now.deadline, time.monotonic(), operation
    )


def decoded(raw: bytes) -> Any:
    """Return a body's JSON; ServiceError 400 for what is none."""
    try:
        return _decode(raw)
    except UnicodeDecodeError:
        raise ServiceError(400, "invalid_json", "The body is not valid UTF-8.") from None
    except (msgspec.DecodeError, RecursionError) as error:
        reason = str(error) if isinstance(error, msgspec.DecodeError) else "it is nested too deeply"
        raise ServiceError(400, "invalid_json", f"The body is not valid JSON: {reason}.") from None


def refused(refusal: Refusal) -> ServiceError:
    """Return the domain's refusal as an answer."""
    return ServiceError(refusal.status, refusal.code, refusal.message, param=refusal.param)


def refusing(handler: Handler) -> Handler:
    """Return `handler` with the domain's refusals as answers."""

    @wraps(handler)
    async def answering(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            raise refused(refusal) from refusal

    return answering


def patience(receive: Receive, caller: Caller) -> CancelOnDisconnect:
    """Return the block in which the caller is worked for: until it leaves or its time is up.

    DeadlineExceeded (504) when less than 50 ms are left.
    """
    remaining_s(caller.deadline, time.monotonic(), "the model was asked")
    return CancelOnDisconnect(receive, deadline=caller.deadline)
