"""What stands above an answer, and what the platform adds to it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wattos_platform.services.llm_gateway.domain import context_prompt
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest

_CITATIONS = "wattos_citations"
_OWN_PREFIX = "wattos_"
# What providers put before their ids, to say what they are ids of.
_PREFIX = re.compile(r"\A(?:chatcmpl-|msg_)")


@dataclass(slots=True)
class Head:
    """What stands above an answer: an id without its prefix, seconds since 1970, the provider's model.

    `extras` are the platform's own members (`wattos_...`), wherever in a stream they came.
    """

    bare_id: str
    created: int
    model: str
    extras: dict[str, Any] = field(default_factory=dict)

    def note(self, body: Mapping[str, Any]) -> None:
        """Keep the platform's own members of `body`, a chunk or an answer."""
        self.extras.update({name: body[name] for name in body if name.startswith(_OWN_PREFIX)})

    def cite(self, request: ChatRequest, text: str) -> None:
        """Add the citations in `text` where passages were given and the provider has cited none itself."""
        if request.passages and _CITATIONS not in self.extras:
            self.extras[_CITATIONS] = context_prompt.citations(text, request.passages)


def head_of(body: Mapping[str, Any]) -> Head:
    """Return the head of an answer or of the first chunk of a stream."""
    given, created = body.get("id"), body.get("created")
    bare = _PREFIX.sub("", given) if isinstance(given, str) else ""
    head = Head(
        bare or "0", int(created) if isinstance(created, (int, float)) else 0, str(body.get("model") or "")
    )
    head.note(body)
    return head
