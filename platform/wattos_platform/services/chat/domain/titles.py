"""The name of a conversation that its owner has not named."""

DEFAULT_TITLE = "New conversation"
_MAX_CHARS = 60


def title_from(question: str) -> str:
    """Return the beginning of `question` on one line, cut at a word, at most 60 characters."""
    line = " ".join(question.split())
    if len(line) <= _MAX_CHARS:
        return line or DEFAULT_TITLE
    cut = line[: _MAX_CHARS - 1]
    return f"{cut.rpartition(' ')[0] or cut}…"
