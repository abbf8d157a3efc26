"""What to search for: the question, and what it refers to when it refers back."""

import re
from collections.abc import Sequence

from wattos_platform.services.chat.domain.records import Message, Role

_WORD = re.compile(r"\w+", re.UNICODE)
_SHORT_WORDS = 3
_MAY_REFER_WORDS = 10
_MAX_CHARS = 2000

# Words that point at something said before, in the two languages the product is used in most.
_POINTER_WORDS = """
it its that this those these they them their he him his she her one ones there then
else instead same such former latter
es das dies diese dieser dieses diesen diesem jene sie er ihm ihn ihr ihnen ihre seine sein
davon dazu daran darauf darin damit dafür dagegen darüber dort dann sonst stattdessen
"""
_POINTERS = frozenset(_POINTER_WORDS.split())
_OPENERS = (
    "and ",
    "or ",
    "but ",
    "what about",
    "how about",
    "und ",
    "oder ",
    "aber ",
    "was ist mit",
    "wie ist",
)


def refers_back(question: str) -> bool:
    """Return whether `question` can hardly be understood without the one before it."""
    words = _WORD.findall(question.lower())
    if len(words) <= _SHORT_WORDS:
        return True
    if question.lower().lstrip().startswith(_OPENERS):
        return True
    return len(words) <= _MAY_REFER_WORDS and any(word in _POINTERS for word in words)


def retrieval_query(history: Sequence[Message], question: str) -> str:
    """Return the text to search with, at most 2000 characters.

    A question that stands alone is searched alone, so that a change of subject is not drowned by the subject
    before; one that refers back brings the previous question along.
    """
    if not refers_back(question):
        return question[:_MAX_CHARS]
    previous = next((m.outcome.content for m in reversed(history) if m.role is Role.USER), "")
    return f"{question}\n{previous}".strip()[:_MAX_CHARS]
