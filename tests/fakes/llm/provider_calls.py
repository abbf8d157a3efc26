"""One question in the words of each of the five providers, and where they say that an answer is over."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_QUESTION = "Say hello to me."
_MESSAGES = [{"role": "user", "content": _QUESTION}]


@dataclass(frozen=True)
class ProviderCall:
    """How to ask one provider for text: paths for a whole answer and for a stream, and what bodies differ in.

    `last` are the bytes with which a finished stream ends; `finish` the member that says why, `content` the
    one that holds what was generated.
    """

    path: str
    stream_path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    last: bytes
    finish: bytes
    content: bytes
    stream_type: str = "text/event-stream"
    whole_extra: Mapping[str, Any] = field(default_factory=dict)
    stream_extra: Mapping[str, Any] = field(default_factory=dict)

    def request(self, *, stream: bool) -> tuple[str, dict[str, Any]]:
        """Return path and body."""
        extra = self.stream_extra if stream else self.whole_extra
        return self.stream_path if stream else self.path, {**self.body, **extra}

    def raw(self, *, stream: bool, prefix: str = "") -> bytes:
        """Return the whole HTTP request, after which the connection closes."""
        path, body = self.request(stream=stream)
        data = json.dumps(body).encode()
        fields = {"host": "x", "connection": "close", "content-length": str(len(data)), **self.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"POST {prefix}{path} HTTP/1.1\r\n{head}\r\n".encode() + data


_STREAM = {"stream": True}
CALLS: Mapping[str, ProviderCall] = {
    "openai": ProviderCall(
        "/v1/chat/completions",
        "/v1/chat/completions",
        {"authorization": "Bearer x"},
        {"model": "gpt-4o-mini", "messages": _MESSAGES},
        last=b"data: [DONE]\n\n",
        finish=b'"finish_reason":"stop"',
        content=b'"choices":',
        stream_extra=_STREAM,
    ),
    "azure": ProviderCall(
        "/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21",
        "/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21",
        {"api-key": "x"},
        {"messages": _MESSAGES},
        last=b"data: [DONE]\n\n",
        finish=b'"finish_reason":"stop"',
        content=b'"choices":',
        stream_extra=_STREAM,
    ),
    "anthropic": ProviderCall(
        "/v1/messages",
        "/v1/messages",
        {"x-api-key": "x", "anthropic-version": "2023-06-01"},
        {"model": "claude-haiku-4-5", "max_tokens": 1000, "messages": _MESSAGES},
        last=b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
        finish=b'"stop_reason":"end_turn"',
        content=b'"content":',
        stream_extra=_STREAM,
    ),
    "google": ProviderCall(
        "/v1beta/models/gemini-2.5-flash:generateContent",
        "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        {"x-goog-api-key": "x"},
        {"contents": [{"role": "user", "parts": [{"text": _QUESTION}]}]},
        last=b"}\n\n",
        finish=b'"finishReason":"STOP"',
        content=b'"candidates":',
    ),
    "ollama": ProviderCall(
        "/api/chat",
        "/api/chat",
        {},
        {"model": "llama3.2", "messages": _MESSAGES},
        last=b"}\n",
        finish=b'"done":true',
        content=b'"message":',
        stream_type="application/x-ndjson",
        whole_extra={"stream": False},
    ),
}
