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


class UnsupportedMediaError(ValueError):
    """No parser reads this kind of document; the message lists those that are read."""


def media_type(name: str) -> str:
    """Return the media type of the document `name`; UnsupportedMediaError if none of ours."""
    stem, dot, ending = name.rpartition(".")
    found = MEDIA_TYPES.get(f".{ending.lower()}") if dot and stem else None
    if found is None:
        raise UnsupportedMediaError(f"{name!r} is not one of {', '.join(MEDIA_TYPES)}")
    return found
