"""Chat in one dialect, over HTTP: read, ask, answer; the path that nearly every request takes.

An ASGI app and not a Starlette endpoint: its Request and Response cost 15 us, as much as asking the provider.
"""

import re

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.event_stream import EventStream
from wattos_platform.services.llm_gateway.accounting import Caller
from wattos_platform.services.llm_gateway.answer_cache import told_again
from wattos_platform.services.llm_gateway.completions import Completed
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.dialects.dialect import Dialect
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.models import Target
from wattos_platform.services.llm_gateway.domain.pricing import cost_member
from wattos_platform.services.llm_gateway.domain.refusals import Refusal
from wattos_platform.services.llm_gateway.engine import Engine
from wattos_platform.services.llm_gateway.failure_answers import as_error
from wattos_platform.services.llm_gateway.live_engine import LiveEngine
from wattos_platform.services.llm_gateway.quotas import Demand
from wattos_platform.services.llm_gateway.relay import Relay
from wattos_platform.services.llm_gateway.requests import caller_of, decoded, patience, refused

_JSON = (b"content-type", b"application/json")
_CACHE = b"x-wattos-cache"
_WANTS_CACHE = (_CACHE, b"on")


class ChatEndpoint:
    """POST of one dialect: /v1/chat/completions, /v1/responses, /v1/messages, /v1/completions."""

    def __init__(self, dialect: Dialect, live: LiveEngine) -> None:
        self._dialect = dialect
        self._live = live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. ServiceError for every failure, ClientDisconnect when the caller left."""
        caller = caller_of(self._dialect.name)
        raw = await whole_body(receive)
        try:
            asked = self._dialect.parse(decoded(raw), raw)
            engine = self._live.engine
            await engine.catalog.make_known(asked.model)
            async with engine.quotas.admitted(_demand(engine, asked, caller, len(raw)), caller.spending):
                respond = self._answer if not asked.stream else self._stream
                if _WANTS_CACHE in scope["headers"]:
                    respond = self._remembered
                await respond(engine, asked, caller, receive, send)
        except Refusal as refusal:
            raise refused(refusal) from refusal
        except ServiceError as error:
            # Never in a variable: the error would know this frame and the frame the error.
            raise self._in_callers_words(error)  # noqa: B904 - mostly the same error, which is not its own cause

    def _in_callers_words(self, error: ServiceError) -> ServiceError:
        """Return `error` with the name under which the caller sent the field that it speaks of."""
        if error.param is None or (name := self._dialect.named(error.param)) == error.param:
            return error
        message = re.sub(rf"(?<![\w.]){re.escape(error.param)}(?!\w)", lambda _: name, error.message)
        return ServiceError(error.status, error.code, message, headers=error.headers, param=name)

    async def _answer(
        self, engine: Engine, asked: ChatRequest, caller: Caller, receive: Receive, send: Send
    ) -> None:
        async with patience(receive, caller) as disconnect:
            disconnect.watch()
            completed = await engine.completions.complete(asked, caller)
        await self._send(completed, asked, send)

    async def _stream(
        self, engine: Engine, asked: ChatRequest, caller: Caller, receive: Receive, send: Send
    ) -> None:
        async with patience(receive, caller) as disconnect:
            disconnect.watch()
            relay = await engine.completions.open_stream(asked, caller, self._dialect)
        answer = EventStream(relay.events())
        answer.raw_headers += provenance(relay.target)
        try:
            await answer.send_to(receive, send)
        finally:
            # The caller may have left before even the head could be sent.
            await relay.discard()

    async def _remembered(
        self, engine: Engine, asked: ChatRequest, caller: Caller, receive: Receive, send: Send
    ) -> None:
        """Answer from the cache, or whole and into the cache; a stream is then told from the whole."""
        async with patience(receive, caller) as disconnect:
            disconnect.watch()
            completed, hit = await engine.answers.complete(asked, caller)
        told = (_CACHE, b"hit" if hit else b"miss")
        if not asked.stream:
            await self._send(completed, asked, send, told)
            return
        relay = Relay(
            told_again(completed.answer),
            asked,
            completed.target,
            self._dialect.outlet(asked),
            on_end=lambda _relay: None,
            cost_of=lambda _relay, _usage: completed.cost_pico_usd,
        )
        answer = EventStream(relay.events())
        answer.raw_headers += [*provenance(completed.target), told]
        await answer.send_to(receive, send)

    async def _send(
        self, completed: Completed, asked: ChatRequest, send: Send, *more: tuple[bytes, bytes]
    ) -> None:
        completed.answer.add(cost_member(completed.cost_pico_usd))
        try:
            body = self._dialect.answer(completed.answer, asked)
        except ProviderFailure as failure:
            raise as_error(completed.target, failure) from failure
        length = (b"content-length", b"%d" % len(body))
        headers = [_JSON, length, *provenance(completed.target), *more]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _demand(engine: Engine, asked: ChatRequest, caller: Caller, body_bytes: int) -> Demand:
    targets = engine.book.resolve(asked.model).targets
    return Demand(caller.identity, asked.model, targets, body_bytes, asked.max_tokens, asked.stream)


async def whole_body(receive: Receive) -> bytes:
    """Return the request's body; ClientDisconnect if the caller leaves before its end."""
    message = await receive()
    parts = [message.get("body", b"")]
    while message["type"] == "http.request" and message.get("more_body", False):
        message = await receive()
        parts.append(message.get("body", b""))
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return parts[0] if len(parts) == 1 else b"".join(parts)


def provenance(target: Target) -> list[tuple[bytes, bytes]]:
    """Return the headers that say who answered."""
    return [
        (b"x-wattos-provider", target.provider.encode()),
        (b"x-wattos-model", target.model.encode("ascii", "replace")),
    ]
