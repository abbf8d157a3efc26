"""Reads the result of a load test from a file; says what is wrong with any other."""

import re
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.loadtest.result.shape import SCHEMA, Result
from wattos_cli.named_files import read as read_file

_LARGEST_BYTES = 64 * 1024 * 1024
_FAMILY = re.compile(r"wattos\.loadtest/v(\d+)")
_HINT = "a result is written by: wattos loadtest run --json FILE"


class _Head(msgspec.Struct):
    schema: Any = None


def read(path: Path) -> Result:
    """Return the result in a file; WattosError (exit 2) that says why it holds none."""
    return decode(content(path), str(path))


def content(path: Path) -> bytes:
    """Return what a file holds, without the mark that editors put before UTF-8.

    WattosError (exit 2) if it cannot be read, or is too large for a result.
    """
    try:
        body = read_file(path, _LARGEST_BYTES + 1)
    except OSError as error:
        _refuse(str(path), f"cannot be read: {error.strerror}", "name the file, e.g. out/result.json")
    if len(body) > _LARGEST_BYTES:
        _refuse(str(path), f"is larger than {_LARGEST_BYTES // 2**20} MiB, too large to be a result")
    return body.removeprefix(BOM_UTF8)


def decode(body: bytes, place: str) -> Result:
    """Return the result in `body`, which lies at `place`; WattosError (exit 2) if there is none."""
    try:
        schema = msgspec.json.decode(body, type=_Head).schema
        _require(schema, place)
        return msgspec.json.decode(body, type=Result)
    except msgspec.ValidationError as error:
        _refuse(place, f"is no whole result of a load test: {error}")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _refuse(place, f"is not JSON, or only the beginning of it: {error}" if body else "is empty")
    except RecursionError:
        _refuse(place, "is nested too deep to be a result")


def _require(schema: object, place: str) -> None:
    """Refuse every schema but ours."""
    if schema == SCHEMA:
        return
    newer = _FAMILY.fullmatch(schema) if isinstance(schema, str) else None
    if newer:
        _refuse(place, f"is of schema {schema}, which this version of wattos does not read", "update wattos")
    named = "names no schema" if schema is None else f"is of schema {str(schema)[:80]!r}"
    _refuse(place, f"{named}; expected {SCHEMA}")


def _refuse(place: str, reason: str, hint: str = _HINT) -> NoReturn:
    raise WattosError(
        f"{place} {reason}",
        hint=hint,
        code="result_unreadable",
        exit_code=ExitCode.USAGE,
        details={"path": place},
    )
