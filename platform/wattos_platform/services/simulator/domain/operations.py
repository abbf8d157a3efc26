"""From a dialect to an operation: what the route table holds."""

from collections.abc import Callable, Mapping
from typing import Any

from wattos_platform.services.simulator.domain.answer import Tokens, compose
from wattos_platform.services.simulator.domain.behaviour import Behaviour
from wattos_platform.services.simulator.domain.reply import Embedding, Generation, Head, Operation, Reply
from wattos_platform.services.simulator.domain.requests import Incoming, Refusal, words_in
from wattos_platform.services.simulator.domain.words import vector

_MOST_TEXTS = 2048
_MOST_DIMENSIONS = 4096


def generation(dialect: Generation) -> Operation:
    """Return the operation that answers with text, a tool call or a JSON document."""

    def operation(call: Incoming, behaviour: Behaviour, head: Head) -> Reply:
        asked = dialect.asked(call)
        answer = compose(asked, behaviour)
        blocked = dialect.blocked(head, asked, answer)
        return Reply(
            model=asked.model,
            tokens=answer.tokens,
            whole=lambda: dialect.whole(head, asked, answer),
            content=dialect.content,
            stream=asked.stream,
            framing=dialect.framing,
            events=lambda: dialect.events(head, asked, answer),
            error_event=dialect.error_event,
            blocked=None if blocked is None else lambda: blocked,
        )

    return operation


def embedding(dialect: Embedding) -> Operation:
    """Return the operation that answers with one vector per text."""

    def operation(call: Incoming, behaviour: Behaviour, _head: Head) -> Reply:
        asked = dialect.asked(call)
        if not 0 < len(asked.texts) <= _MOST_TEXTS:
            raise Refusal(400, f"input must hold 1 to {_MOST_TEXTS} texts.", param="input")
        dimensions = behaviour.embedding_dimensions if asked.dimensions is None else asked.dimensions
        if not 0 < dimensions <= _MOST_DIMENSIONS:
            raise Refusal(400, f"dimensions must be 1 to {_MOST_DIMENSIONS}.", param="dimensions")
        tokens = Tokens(prompt=words_in(asked.texts))
        told = tokens if behaviour.usage == "always" else None

        def whole() -> Mapping[str, Any]:
            return dialect.whole(asked, [vector(text, dimensions) for text in asked.texts], told)

        return Reply(asked.model, tokens, whole, dialect.content)

    return operation


def listing(content: str, read: Callable[[Incoming], Mapping[str, Any]]) -> Operation:
    """Return the operation that answers with what `read` returns; its Refusal is the answer otherwise."""

    def operation(call: Incoming, _behaviour: Behaviour, _head: Head) -> Reply:
        found = read(call)
        return Reply("", Tokens(), lambda: found, content)

    return operation
