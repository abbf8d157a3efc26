"""Uploads streamed to disk: hashed on the way, never whole in memory, under a name of ours."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from wattos_platform.services.rag.domain.records import Upload
from wattos_platform.services.rag.ports import UploadRefusedError

if TYPE_CHECKING:  # it exists for type checkers only
    from python_multipart.multipart import MultipartCallbacks

MAX_OTHER_PARTS = 16
_MAX_HEADER_BYTES = 8192


class _Sink:
    """Takes the parser's calls; writes the part named `file` and skips others."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._field = bytearray()
        self._value = bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._taking = False
        self.parts = 0
        self.raw_name: str | None = None
        self.size_bytes = 0
        self.complete = False

    def begin(self) -> None:
        self._headers = {}
        self._taking = False
        self.parts += 1
        if self.parts > MAX_OTHER_PARTS:
            raise UploadRefusedError(f"the form has more than {MAX_OTHER_PARTS} parts")

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._grow(self._field, data[start:end])

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._grow(self._value, data[start:end])

    def header_end(self) -> None:
        self._headers[bytes(self._field).lower()] = bytes(self._value)
        self._field.clear()
        self._value.clear()

    def headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if options.get(b"name") != b"file" or b"filename" not in options:
            return
        if self.raw_name is not None:
            raise UploadRefusedError("the form has more than one file; upload one at a time")
        self.raw_name = options[b"filename"].decode("utf-8", "replace")
        self._taking = True

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._taking:
            piece = memoryview(data)[start:end]
            self._file.write(piece)
            self._digest.update(piece)
            self.size_bytes += len(piece)

    def finish(self) -> None:
        self.complete = True

    def name(self) -> str:
        if self.raw_name is None:
            raise UploadRefusedError("the form has no part named file")
        if not self.complete:
            raise UploadRefusedError("the form ends before its last boundary")
        return self.raw_name

    def content_hash(self) -> str:
        return self._digest.hexdigest()

    @staticmethod
    def _grow(buffer: bytearray, piece: bytes) -> None:
        buffer += piece
        if len(buffer) > _MAX_HEADER_BYTES:
            raise UploadRefusedError("a header of the form is too long")

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self.begin,
            "on_part_data": self.data,
            "on_header_field": self.header_field,
            "on_header_value": self.header_value,
            "on_header_end": self.header_end,
            "on_headers_finished": self.headers_finished,
            "on_end": self.finish,
        }


class UploadFolder:
    """Implements Uploads under one folder; each file is named by its document's id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path_of(self, document_id: str) -> Path:
        """Return where the upload of a document is."""
        return self._folder / f"{document_id}.upload"

    def older_than(self, instant: float) -> list[str]:
        """Return the documents whose upload was last written before `instant` (seconds since the epoch)."""
        return [path.stem for path in self._folder.glob("*.upload") if path.stat().st_mtime < instant]

    async def receive(self, document_id: str, content_type: str, body: AsyncIterator[bytes]) -> Upload:
        """Write the part `file` of a multipart body to disk and return once it is there to stay.

        UploadRefusedError for any other body. Whatever fails, nothing is left on disk.
        """
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise UploadRefusedError("the body must be multipart/form-data with a part named file")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.path_of(document_id)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                sink = _Sink(file)
                await _feed(options[b"boundary"], sink, body)
                await asyncio.to_thread(_settle, file)
            return Upload(path, sink.name(), sink.size_bytes, sink.content_hash())
        except BaseException:
            with suppress(FileNotFoundError):
                path.unlink()
            raise


def _settle(file: BinaryIO) -> None:
    """Put the file on the disk itself: an upload that was accepted must survive a loss of power."""
    file.flush()
    os.fsync(file.fileno())


async def _feed(boundary: bytes, sink: _Sink, body: AsyncIterator[bytes]) -> None:
    try:
        parser = MultipartParser(boundary, sink.callbacks())
        async for piece in body:
            parser.write(piece)
        parser.finalize()
    except FormParserError as error:
        raise UploadRefusedError(f"the form is not valid multipart/form-data: {error}") from error
