"""The parser process: reads orders from stdin, answers on stdout, and may die of a hostile file without harm.

An order is one line of JSON (`Order`); an answer is four bytes of length and msgpack (`Answer`). The process
ends with its stdin, so it never outlives the service; memory is limited here, time by the parent.
"""

import logging
import resource
import signal
import struct
import sys
import warnings
from pathlib import Path
from typing import BinaryIO

import msgspec

from wattos_platform.kernel.personal_data import Kind
from wattos_platform.services.rag.adapters.parsing.parsed import ParseError
from wattos_platform.services.rag.adapters.parsing.registry import parse_document
from wattos_platform.services.rag.domain.chunk import Chunking
from wattos_platform.services.rag.domain.prepared import Prepared, TooManyChunksError, prepare

MEMORY_BYTES = 1_500_000_000
LENGTH = struct.Struct(">I")


class Order(msgspec.Struct, frozen=True):
    """What to read and how to cut it."""

    path: str
    media: str
    chunking: Chunking
    redact: list[Kind]


class Answer(msgspec.Struct, frozen=True):
    """The document, or the reason why there is none; `bug` is for the log, not for the document's owner."""

    prepared: Prepared | None = None
    reason: str = ""
    bug: str = ""


def answer(order: Order) -> Answer:
    """Return what `order` asks for; never raises but for what ends the process anyway."""
    try:
        parsed = parse_document(Path(order.path), order.media)
        return Answer(prepare(parsed.text, order.chunking, order.redact, has_headings=parsed.has_headings))
    except (ParseError, TooManyChunksError) as error:
        return Answer(reason=str(error))
    except MemoryError:
        return Answer(reason="reading the document takes more memory than it may")
    except Exception as error:  # noqa: BLE001 - a parser's bug fails one document, never the queue behind it
        return Answer(reason="the document cannot be read", bug=f"{type(error).__name__}: {error}")


def serve(orders: BinaryIO, answers: BinaryIO) -> None:
    """Answer every order until stdin ends."""
    for line in orders:
        body = msgspec.msgpack.encode(answer(msgspec.json.decode(line, type=Order)))
        answers.write(LENGTH.pack(len(body)) + body)
        answers.flush()


def main() -> None:
    """Bound this process, then serve."""
    # Libraries warn about damaged files at length; what is wrong goes into the answer.
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The service's own signals (drain, log rotation) are not meant for its helper; stdin ends it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    serve(sys.stdin.buffer, sys.stdout.buffer)
