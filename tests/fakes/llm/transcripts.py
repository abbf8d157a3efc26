"""Recorded-looking conversations with providers, one JSON file each: what is asked, answered, and means."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from wattos_platform.kernel.sse import EventSplitter
from wattos_platform.services.llm_gateway.adapters.upstream_provider import _Lines
from wattos_platform.services.llm_gateway.adapters.wire_formats import format_of
from wattos_platform.services.llm_gateway.domain.answers import Chunk
from wattos_platform.services.llm_gateway.domain.configured import UpstreamSettings
from wattos_platform.services.llm_gateway.domain.formats.wire_format import SSE, WireFormat

FOLDER = Path(__file__).resolve().parents[2] / "unit" / "services" / "llm_gateway" / "data" / "transcripts"
PROVIDERS = ("openai", "azure", "anthropic", "google", "ollama")
NOW = 1_767_225_600.0


@dataclass(frozen=True)
class Transcript:
    """One file. `raw_stream` is the provider's stream as it came, b"" for a whole answer."""

    provider: str
    name: str
    content: dict[str, Any]
    raw_stream: bytes

    def __str__(self) -> str:
        return f"{self.provider}-{self.name}"

    def format(self) -> WireFormat:
        """Return a new format of the transcript's provider."""
        return wire_format(self.provider, **self.content.get("options", {}))


def wire_format(provider: str, **options: Any) -> WireFormat:
    """Return a format whose ids count up and whose clock stands still."""
    settings = UpstreamSettings(provider, "http://x", "key", "KEY", True, (), "m", kind=provider, **options)
    numbers = count(1)
    return format_of(settings, new_id=lambda: f"made-{next(numbers)}", clock=lambda: NOW)


def transcripts(member: str) -> list[Transcript]:
    """Return the transcripts that have `member`, in a stable order."""
    return [each for each in _all() if member in each.content]


def splitter_of(wire: WireFormat) -> Any:
    """Return what cuts a stream of the format into events, as the transport does."""
    return EventSplitter() if wire.stream_type == SSE else _Lines()


def events(wire: WireFormat, raw: bytes) -> list[tuple[bytes, str]]:
    """Return the events of a whole stream: data and type."""
    return [(data, kind) for data, kind, _ in splitter_of(wire).feed(raw)]


def read(wire: WireFormat, model: str, raw: bytes) -> list[Chunk]:
    """Return all chunks of a stream."""
    reader = wire.stream(model)
    return [chunk for data, kind in events(wire, raw) for chunk in reader.read(data, kind)]


def _all() -> Iterator[Transcript]:
    for provider in PROVIDERS:
        for path in sorted((FOLDER / provider).glob("*.json")):
            content = json.loads(path.read_text(encoding="utf-8"))
            stream = path.with_suffix(".ndjson" if provider == "ollama" else ".sse")
            raw = stream.read_bytes() if content.get("stream") else b""
            yield Transcript(provider, path.stem, content, raw)
