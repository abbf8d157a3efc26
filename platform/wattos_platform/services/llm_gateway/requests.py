"""What every request to a model has in common: its body, its caller, its time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from wattos_platform.kernel import context
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.deadline import remaining_s
from wattos_platform.services.llm_gateway.accounting import Caller
from wattos_platform.services.llm_gateway.domain.refusals import Refusal

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]
_decode = msgspec.json.Decoder().decode


def caller_of(operation: str) -> Caller:
    """Return for whom the request at hand is made; ServiceError 401 without an identity."""
    now = context.current()
    return Caller(context.identity(), now.request_id, now.deadline, time.monotonic(), operation)


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


async def timely(work: Coroutine[Any, Any, T], caller: Caller) -> T:
    """Return what `work` returns before the request's deadline; 504 otherwise."""
    try:
        async with asyncio.timeout(remaining_s(caller.deadline, time.monotonic(), "the model was asked")):
            return await work
    except TimeoutError:
        raise ServiceError(
            504, "deadline_exceeded", "The model did not answer within the request's time."
        ) from None
    finally:
        work.close()
