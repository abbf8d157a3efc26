"""The kinds of documents that can be read, by the end of their names."""

MEDIA_TYPES = {
    ".txt": "text/plain",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".csv": "text/csv",
    ".json": "application/json",
}

# Lines of data repeat the words of a subject without saying much; a sentence that fits as well comes first.
DATA_WEIGHT = 0.85
_DATA = frozenset({"text/csv", "application/json"})


class UnsupportedMediaError(ValueError):
    """No parser reads this kind of document; the message lists those that are read."""


def media_type(name: str) -> str:
    """Return the media type of the document `name`; UnsupportedMediaError if none of ours."""
    stem, dot, ending = name.rpartition(".")
    found = MEDIA_TYPES.get(f".{ending.lower()}") if dot and stem else None
    if found is None:
        raise UnsupportedMediaError(f"{name!r} is not one of {', '.join(MEDIA_TYPES)}")
    return found


def weight(media: str) -> float:
    """Return what a passage's score is multiplied with for the kind of its document: 1, less for data."""
    return DATA_WEIGHT if media in _DATA else 1.0
