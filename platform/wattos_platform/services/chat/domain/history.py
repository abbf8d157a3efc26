"""Which part of a conversation the model gets to see."""

from collections.abc import Sequence

from wattos_platform.services.chat.domain.records import Message, MessageStatus, Role

_BYTES_PER_TOKEN = 4
_TOKENS_PER_MESSAGE = 4


def estimated_tokens(text: str) -> int:
    """Return about how many tokens `text` costs as one chat message, never less than 4.

    Four bytes of UTF-8 a token plus four for the message's frame: exact for no model, close enough for all to
    keep a window, and computed offline. Source: OpenAI cookbook, "How to count tokens with tiktoken".
    """
    return _TOKENS_PER_MESSAGE + -(-len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN)


def window(messages: Sequence[Message], budget_tokens: int) -> list[Message]:
    """Return the newest of `messages`, oldest first, that fit in `budget_tokens` together.

    Only complete messages count: half an answer would teach the model to stop in the middle. The window is
    contiguous and begins with a user's message, because an answer without its question misleads.
    """
    kept: list[Message] = []
    left = budget_tokens
    for message in reversed(messages):
        if message.outcome.status is not MessageStatus.COMPLETE:
            continue
        left -= estimated_tokens(message.outcome.content)
        if left < 0:
            break
        kept.append(message)
    kept.reverse()
    while kept and kept[0].role is not Role.USER:
        kept.pop(0)
    return kept
