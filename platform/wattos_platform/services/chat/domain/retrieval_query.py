"""What to search for: the question, and what it refers to when it refers back."""

import re
from collections.abc import Sequence

from wattos_platform.services.chat.domain.records import Message, Role

_WORD = re.compile(r"\w+", re.UNICODE)
_SHORT_WORDS = 3
_MAY_REFER_WORDS = 10
_MAX_CHARS = 2000

# Words that point at something said before, in the two languages the product is used in most: wherever they
# stand, and only as the last word, because elsewhere they are articles and conjunctions.
_POINTER_WORDS = """
it its these those them him his ones former latter instead
ihm ihn ihnen davon dazu daran darauf darin damit dafür dagegen darüber stattdessen
"""
_LAST_POINTER_WORDS = """
that this there then same else one so they he she her
das dies dort dann sonst es sie er diese dieser dieses
"""
_POINTERS = frozenset(_POINTER_WORDS.split())
_LAST_POINTERS = frozenset(_LAST_POINTER_WORDS.split())
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
    points = words[-1] in _LAST_POINTERS or any(word in _POINTERS for word in words)
    return points and len(words) <= _MAY_REFER_WORDS


def retrieval_query(history: Sequence[Message], question: str) -> str:
    """Return the text to search with, at most 2000 characters.

    A question that stands alone is searched alone, so that a change of subject is not drowned by the subject
    before; one that refers back brings the previous question along.
    """
    if not refers_back(question):
        return question[:_MAX_CHARS]
    previous = next((m.outcome.content for m in reversed(history) if m.role is Role.USER), "")
    return f"{question}\n{previous}".strip()[:_MAX_CHARS]
