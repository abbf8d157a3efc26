"""The messages of a chat request, put together from the items and blocks of other dialects."""

from collections.abc import Sequence
from typing import Any

Part = dict[str, Any]
Content = str | list[Part]


class Conversation:
    """Collects messages; tool calls join the assistant's message that they belong to."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def say(self, role: str, parts: Sequence[Part]) -> None:
        """Add a message with these parts."""
        content = content_of(parts, joined=role == "assistant")
        if role != "assistant" or "tool_calls" not in self._last():
            self.messages.append({"role": role, "content": content})
        elif isinstance(content, str):
            # Nothing may stand between tool calls and their results, so it joins the calls.
            self._last()["content"] = (self._last()["content"] or "") + content

    def call(self, call_id: str, name: str, arguments: str) -> None:
        """Add a tool call to the assistant's last words; `arguments` is JSON."""
        last = self._last()
        if last.get("role") != "assistant":
            last = {"role": "assistant", "content": None}
            self.messages.append(last)
        function = {"name": name, "arguments": arguments}
        last.setdefault("tool_calls", []).append({"id": call_id, "type": "function", "function": function})

    def result(self, call_id: str, parts: Sequence[Part]) -> None:
        """Add what a tool gave back."""
        self.messages.append(
            {"role": "tool", "tool_call_id": call_id, "content": content_of(parts, joined=True)}
        )

    def _last(self) -> dict[str, Any]:
        return self.messages[-1] if self.messages else {}


def text_part(text: str) -> Part:
    """Return a part of text."""
    return {"type": "text", "text": text}


def image_part(url: str, detail: str | None = None) -> Part:
    """Return a picture; `url` may be a data URL."""
    return {"type": "image_url", "image_url": {"url": url, **({"detail": detail} if detail else {})}}


def file_part(data: str, filename: str) -> Part:
    """Return a file; `data` is a data URL."""
    return {"type": "file", "file": {"filename": filename, "file_data": data}}


def content_of(parts: Sequence[Part], *, joined: bool) -> Content:
    """Return `parts` as a message's content: plain text where that says the same, which every provider takes.

    `joined` runs several texts together, as what a model or a tool said.
    """
    texts = [part["text"] for part in parts if part["type"] == "text"]
    if len(texts) == len(parts) and (joined or len(texts) <= 1):
        return "".join(texts)
    return list(parts)
