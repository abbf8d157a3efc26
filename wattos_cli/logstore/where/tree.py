"""The parsed `--where` expression: five kinds of node, each of which judges one record."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from wattos_cli.logstore import fields
from wattos_cli.logstore.where.values import Literal, equal, order


class Expression(Protocol):
    """A question to a record."""

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Say whether the record is one of those wanted; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Both:
    """`left and right`."""

    left: Expression
    right: Expression

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether both sides match."""
        return self.left.matches(record) and self.right.matches(record)


@dataclass(frozen=True, slots=True)
class Either:
    """`left or right`."""

    left: Expression
    right: Expression

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether one side matches."""
        return self.left.matches(record) or self.right.matches(record)


@dataclass(frozen=True, slots=True)
class Not:
    """`not inner`."""

    inner: Expression

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the inner expression does not match."""
        return not self.inner.matches(record)


@dataclass(frozen=True, slots=True)
class Exists:
    """`field exists`: the record has it, be it null."""

    name: str

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the record has the field."""
        return fields.canonical(record, self.name) is not fields.MISSING


@dataclass(frozen=True, slots=True)
class Compare:
    """`field op value`, op one of = != > >= < <=; an absent field never matches."""

    name: str
    op: str
    value: Literal

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the field is there and compares as asked."""
        found = fields.canonical(record, self.name)
        if found is fields.MISSING:
            return False
        if self.op in ("=", "!="):
            return equal(self.name, found, self.value) == (self.op == "=")
        sign = order(self.name, found, self.value)
        if sign is None:
            return False
        return {">": sign > 0, ">=": sign >= 0, "<": sign < 0, "<=": sign <= 0}[self.op]


@dataclass(frozen=True, slots=True)
class OneOf:
    """`field in (a, b)`."""

    name: str
    values: tuple[Literal, ...]

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the field equals one of the values."""
        found = fields.canonical(record, self.name)
        return found is not fields.MISSING and any(equal(self.name, found, value) for value in self.values)


@dataclass(frozen=True, slots=True)
class Match:
    """`field =~ regex` (found anywhere in the value) and `field !~ regex`."""

    name: str
    pattern: re.Pattern[str]
    wanted: bool

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the field is there and its text is (or is not) matched."""
        found = fields.canonical(record, self.name)
        if found is fields.MISSING:
            return False
        text = found if isinstance(found, str) else fields.text(found)
        return (self.pattern.search(text) is not None) == self.wanted
