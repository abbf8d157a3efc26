"""Images, recordings and files inside a message."""

import re
from dataclasses import dataclass

from wattos_platform.services.llm_gateway.domain.formats.openai_request import wrong

_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w-]+=[^;,]*)*;base64,", re.ASCII)
_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "heic": "image/heic",
    "heif": "image/heif",
    "pdf": "application/pdf",
}


@dataclass(frozen=True, slots=True)
class Inline:
    """Bytes in base64, and what they are; `type` is empty where the sender did not say."""

    type: str
    base64: str


def inline(url: str, where: str) -> Inline | None:
    """Return what a data URL holds; None for the address of something that lies elsewhere.

    ProviderFailure `caller` for anything else: `where` names it.
    """
    if url.startswith(("https://", "http://")):
        return None
    head = _DATA_URL.match(url)
    if head is None:
        raise wrong(where, "must be an http(s) address or a base64 data URL")
    return Inline(head[1] or "", url[head.end() :])


def type_by_name(url: str) -> str:
    """Return the media type that the end of an address tells of, "" for none."""
    path = url.partition("?")[0].partition("#")[0]
    return _TYPES.get(path.rpartition(".")[2].lower(), "")
