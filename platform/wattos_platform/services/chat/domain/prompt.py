"""What is said to the model: instructions, the window of the conversation, the question."""

from collections.abc import Sequence

from wattos_platform.services.chat.domain.history import window
from wattos_platform.services.chat.domain.records import Message

INSTRUCTIONS = (
    "You are a helpful assistant. Answer in the language of the question. "
    "Say so when you do not know; never invent a source."
)


def prompt(history: Sequence[Message], question: str, budget_tokens: int) -> list[dict[str, str]]:
    """Return the chat messages to send, in OpenAI's shape; the question comes last and is always whole."""
    earlier = [
        {"role": str(message.role), "content": message.outcome.content}
        for message in window(history, budget_tokens)
    ]
    return [
        {"role": "system", "content": INSTRUCTIONS},
        *earlier,
        {"role": "user", "content": question},
    ]
