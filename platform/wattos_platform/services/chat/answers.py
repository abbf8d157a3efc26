"""The main thing chat does: store the question, find passages, ask the model, store the answer."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from wattos_platform.kernel.errors import ServiceError, internal_error
from wattos_platform.kernel.idempotency import RequestKey
from wattos_platform.kernel.resilience.retry_after import retry_after
from wattos_platform.kernel.telemetry import Log
from wattos_platform.services.chat.domain.citations import cited
from wattos_platform.services.chat.domain.events import AnswerEvent, Delta, Finished, Started
from wattos_platform.services.chat.domain.prompt import prompt
from wattos_platform.services.chat.domain.records import (
    Conversation,
    Message,
    MessageStatus,
    Outcome,
    Owner,
    Question,
)
from wattos_platform.services.chat.domain.retrieval_query import retrieval_query
from wattos_platform.services.chat.live import LiveAnswer
from wattos_platform.services.chat.ports import (
    Exchange,
    MessageStore,
    Model,
    ModelChunk,
    ModelRequest,
    Retrieval,
    Retrieved,
    SpaceMissingError,
)

MAX_LIVE = 500
HISTORY_MESSAGES = 100
HISTORY_TOKENS = 3000
_CLOSE_S = 5.0
_POLL_S = 0.1


class Answers:
    """Gives answers. `count` is told how each ended, `draining` says whether the process is about to end."""

    def __init__(
        self,
        *,
        messages: MessageStore,
        retrieval: Retrieval,
        model: Model,
        log: Log,
        count: Callable[[str], None],
        draining: Callable[[], bool] = lambda: False,
        history_tokens: int = HISTORY_TOKENS,
        max_live: int = MAX_LIVE,
    ) -> None:
        self._messages = messages
        self._retrieval = retrieval
        self._model = model
        self._log = log
        self._count = count
        self._draining = draining
        self._history_tokens = history_tokens
        self._max_live = max_live
        self._live: dict[str, LiveAnswer] = {}

    @property
    def live(self) -> dict[str, LiveAnswer]:
        """Return the answers being given by this process, by message id."""
        return self._live

    async def ask(
        self, conversation: Conversation, question: Question, key: RequestKey | None
    ) -> tuple[Message, LiveAnswer | None]:
        """Store the question and begin to answer; return the opened answer and its live form.

        The live form is None when an earlier request with the same key asked: see `stored`. ServiceError 503
        when this process gives as many answers as it may; then nothing is stored.
        """
        if len(self._live) >= self._max_live:
            raise ServiceError(
                503,
                "too_many_answers",
                "Too many answers are being given at once. Your message was not stored; try again.",
                headers=retry_after(1),
            )
        exchange = await self._messages.open_exchange(conversation, question.content, key)
        if exchange.repeated:
            return exchange.answer, None
        live = LiveAnswer(exchange.answer.id, durable=key is not None)
        self._live[live.message_id] = live
        task = live.start(self._work(live, conversation, exchange, question))
        task.add_done_callback(lambda _task: self._live.pop(live.message_id, None))
        return exchange.answer, live

    def interrupt(self) -> None:
        """Stop all answers; what there is of them is stored as aborted and their callers are told."""
        for live in self._live.values():
            live.cancel()

    async def close(self) -> None:
        """Stop all answers and return once they are stored as aborted."""
        tasks = []
        for live in self._live.values():
            live.durable = False
            live.leave()
            if live.task is not None:
                tasks.append(live.task)
        if tasks:
            await asyncio.wait(tasks, timeout=_CLOSE_S)

    async def _work(
        self, live: LiveAnswer, conversation: Conversation, exchange: Exchange, question: Question
    ) -> None:
        outcome = await self._outcome(live, conversation, exchange, question)
        await self._store(live, outcome)
        self._count(str(outcome.status))
        self._log.info(
            "answer.finished",
            message=f"An answer is {outcome.status}.",
            message_id=live.message_id,
            outcome=str(outcome.status),
            model=outcome.model,
            citations=len(outcome.citations),
            error_code=outcome.error_code,
        )
        await live.emit(Finished(outcome))

    async def _store(self, live: LiveAnswer, outcome: Outcome) -> None:
        """Store how the answer ended, whatever becomes of the caller meanwhile."""
        writing = asyncio.ensure_future(self._messages.finish(live.message_id, outcome))
        while not writing.done():
            try:
                await asyncio.shield(writing)
            except asyncio.CancelledError:
                continue
            except Exception:  # noqa: BLE001, S112 - looked at below
                continue
        error = writing.exception()
        if error is not None:
            # The row is found as an orphan once its lease is over, so it will not stay half for ever.
            live.failure = error if isinstance(error, ServiceError) else internal_error()
            self._log.error(
                "answer.lost",
                message="An answer could not be stored.",
                message_id=live.message_id,
                exc_info=error,
            )

    async def _outcome(
        self, live: LiveAnswer, conversation: Conversation, exchange: Exchange, question: Question
    ) -> Outcome:
        try:
            return await self._compose(live, conversation, exchange, question)
        except asyncio.CancelledError:
            code = "shutdown" if self._draining() else "caller_gone"
            return _ended(live, MessageStatus.ABORTED, code, "The answer was stopped before it was complete.")
        except ServiceError as error:
            live.failure = error
        except Exception as error:  # noqa: BLE001 - a bug must neither leave a half answer nor be shown
            self._log.error("answer.failed", message="An answer failed.", exc_info=error)
            live.failure = internal_error()
        return _ended(live, MessageStatus.FAILED, live.failure.code, live.failure.message)

    async def _compose(
        self, live: LiveAnswer, conversation: Conversation, exchange: Exchange, question: Question
    ) -> Outcome:
        earlier = await self._messages.history(
            conversation.id, before=exchange.question.position, limit=HISTORY_MESSAGES
        )
        found = await self._retrieve(conversation, earlier, question)
        request = ModelRequest(
            messages=prompt(earlier, question.content, self._history_tokens),
            model=question.model or "default",
            context=None if found is None else found.passages,
            temperature=question.temperature,
            max_tokens=question.max_tokens,
        )
        last = await self._read(live, request)
        passages = () if found is None else found.passages
        degraded = (*(() if found is None else found.degraded), *last.degraded)
        return Outcome(
            status=MessageStatus.COMPLETE,
            content=live.text,
            model=last.model or request.model,
            citations=cited(passages, last.used_ids),
            degraded=tuple(dict.fromkeys(degraded)),
            usage=dict(last.usage),
            finish_reason=last.finish_reason,
        )

    async def _retrieve(
        self, conversation: Conversation, earlier: list[Message], question: Question
    ) -> Retrieved | None:
        if conversation.knowledge_space_id is None:
            return None
        try:
            return await self._retrieval.search(
                conversation.knowledge_space_id, retrieval_query(earlier, question.content)
            )
        except SpaceMissingError:
            raise ServiceError(
                409,
                "knowledge_space_missing",
                f"The conversation's knowledge space {conversation.knowledge_space_id!r} is gone. "
                "Set knowledge_space_id to another one, or to null, with PATCH.",
            ) from None

    async def _read(self, live: LiveAnswer, request: ModelRequest) -> ModelChunk:
        """Pass the model's text on and return all that it said besides, as one chunk."""
        total = ModelChunk()
        begun = False
        async with aclosing(self._model.stream(request)) as chunks:
            async for chunk in chunks:
                if not begun:
                    begun = True
                    await live.emit(Started())
                if chunk.text:
                    await live.emit(Delta(chunk.text))
                total = ModelChunk(
                    model=chunk.model or total.model,
                    used_ids=chunk.used_ids or total.used_ids,
                    usage=chunk.usage or total.usage,
                    finish_reason=chunk.finish_reason or total.finish_reason,
                    degraded=chunk.degraded or total.degraded,
                )
        return total


def _ended(live: LiveAnswer, status: MessageStatus, code: str, message: str) -> Outcome:
    return Outcome(status=status, content=live.text, error_code=code, error_message=message)


async def stored(
    messages: MessageStore,
    owner: Owner,
    answer: Message,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> AsyncGenerator[AnswerEvent]:
    """Yield an answer that an earlier request asked for, once it has ended, as if it came in now.

    Whoever gives it may be another process, so the database is asked; every answer ends, at the latest with
    the lease of the process that gives it.
    """
    found = answer
    while found.outcome.status is MessageStatus.ANSWERING:
        await sleep(_POLL_S)
        current = await messages.get(owner, found.id)
        if current is None:
            raise ServiceError(404, "conversation_not_found", "The conversation was deleted meanwhile.")
        found = current
    yield Started()
    if found.outcome.content:
        yield Delta(found.outcome.content)
    yield Finished(found.outcome)
