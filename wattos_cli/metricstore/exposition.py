"""Prometheus' text format, and OpenMetrics as far as it differs: what a target exposes, as samples.

Times of their own and exemplars are passed over: a sample has the time of its scrape. A line that cannot be
read costs that line alone, and is told with its number.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from wattos_cli.metricstore.series import NAME, Labels

Sample = tuple[Labels, float]

LARGEST_BODY_BYTES = 16 * 1024 * 1024
MOST_SERIES = 50_000
MOST_LABELS = 64
LONGEST_TEXT_BYTES = 4096
_PROBLEMS_TOLD = 10
_MOST_SHARED = 10_000
# Labels that take no more characters are neither too many nor, whatever characters, too long.
_SURELY_SHORT = min(LONGEST_TEXT_BYTES // 4, MOST_LABELS * len('a=""'))

_METRIC = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_LINE = re.compile(
    rf"[ \t]*({_METRIC})[ \t]*(?:\{{((?:[^\"}}]|{_QUOTED})*)\}})?[ \t]+([^ \t#]+)"
    r"(?:[ \t]+(-?[0-9.]+(?:[eE][+-]?[0-9]+)?))?[ \t]*(?:#.*)?"
)
_LABEL = re.compile(rf"[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*({_QUOTED})[ \t]*(?:,|$)")
_ESCAPE = re.compile(r"\\(.)")
_CREATED = "_created"
_WITH_CREATED = frozenset({"counter", "histogram", "summary"})
_TYPES = frozenset(
    {"counter", "gauge", "histogram", "summary", "untyped", "unknown", "info", "stateset", "gaugehistogram"}
)


class ExpositionError(ValueError):
    """The exposition is refused as a whole; the text says why."""


@dataclass(slots=True)
class Family:
    """What a target says of one metric; empty where it says nothing."""

    type: str = ""
    help: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A line (from 1) that gave no sample, and why."""

    line: int
    reason: str


@dataclass(slots=True)
class Exposition:
    """One scrape: its samples, each series once, its families by name, and what could not be read.

    `refused` counts all the lines that gave no sample; `problems` tells the first of them.
    """

    samples: list[Sample] = field(default_factory=list)
    families: dict[str, Family] = field(default_factory=dict)
    refused: int = 0
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, line: int, reason: str) -> None:
        """Note that `line` gave no sample."""
        self.refused += 1
        if len(self.problems) < _PROBLEMS_TOLD:
            self.problems.append(Problem(line, reason))


class _LineError(ValueError):
    pass


class Reader:
    """Reads what one target exposes, again and again, and gives each series the labels of the target.

    A label that the target has already becomes `exported_<name>`. The series of the last exposition are
    remembered by their text, so that the next costs a look-up and a number a line.
    """

    def __init__(self, target: Mapping[str, str], *, most_series: int = MOST_SERIES) -> None:
        self._target = dict(target)
        self._most_series = most_series
        self._known: dict[str, Labels] = {}
        # Equal labels are one object: it saves a kilobyte a series.
        self._shared: dict[tuple[str, str], tuple[str, str]] = {}

    def read(self, body: bytes) -> Exposition:
        """Return what `body` says; ExpositionError when it is too large or has too many series."""
        if len(body) > LARGEST_BODY_BYTES:
            raise ExpositionError(
                f"{len(body)} bytes are exposed, more than the {LARGEST_BODY_BYTES} that are read"
            )
        if len(self._shared) > _MOST_SHARED + len(self._known):
            self._shared.clear()
        found = Exposition()
        seen: dict[str, Labels] = {}
        strange: list[tuple[int, str]] = []
        comments: list[str] = []
        known, samples = self._known, found.samples
        for number, line in enumerate(_lines(body, found), 1):
            if not line or line[0] == "#":
                comments.append(line)
                continue
            text, _, value = line.rpartition(" ")
            labels = known.get(text)
            if labels is None or text in seen or "_" in value:
                strange.append((number, line))
                continue
            try:
                samples.append((labels, float(value)))
            except ValueError:
                strange.append((number, line))
            else:
                seen[text] = labels
        _describe(comments, found.families)
        open_metrics = bool(comments) and "# EOF" in comments[-3:]
        self._read_strange(strange, seen, found, open_metrics=open_metrics)
        self._known = seen
        return found

    def _read_strange(
        self,
        lines: Iterable[tuple[int, str]],
        seen: dict[str, Labels],
        found: Exposition,
        *,
        open_metrics: bool,
    ) -> None:
        """Read the lines whose series are not known by their text."""
        taken: set[Labels] | None = None
        for number, line in lines:
            if not line.strip():
                continue
            taken = set(seen.values()) if taken is None else taken
            try:
                name, labels, value, plain = self._parsed(line)
            except _LineError as error:
                found.refuse(number, str(error))
                continue
            if open_metrics and _is_created(name, found.families):
                continue
            if labels in taken:
                found.refuse(number, "the series is there already")
                continue
            taken.add(labels)
            found.samples.append((labels, value))
            if plain:
                seen[line.rpartition(" ")[0]] = labels
        if len(found.samples) > self._most_series:
            raise ExpositionError(
                f"{len(found.samples)} series are exposed, more than the {self._most_series} that are kept"
            )

    def _parsed(self, line: str) -> tuple[str, Labels, float, bool]:
        """Return name, labels, value, and whether the line is just a series, a blank and a number."""
        match = _LINE.fullmatch(line)
        if match is None:
            raise _LineError(f"no sample: {line[:60]!r}")
        name, inside, text, timestamp = match.groups()
        labels = self._labels(name, inside or "")
        try:
            value = float(text if "_" not in text else "")
        except ValueError:
            raise _LineError(f"no number: {text[:60]!r}") from None
        return name, labels, value, timestamp is None and line.endswith(f" {text}")

    def _labels(self, name: str, inside: str) -> Labels:
        pairs = _pairs(inside)
        if len(inside) > _SURELY_SHORT or len(name) > _SURELY_SHORT:
            _check_size(name, pairs)
        for key, value in self._target.items():
            if key in pairs:
                pairs[f"exported_{key}"] = pairs[key]
            pairs[key] = value
        pairs[NAME] = name
        shared = self._shared
        return tuple(sorted(shared.setdefault(pair, pair) for pair in pairs.items() if pair[1]))


def _pairs(inside: str) -> dict[str, str]:
    """Return what stands between the braces of a line."""
    pairs: dict[str, str] = {}
    at, end = 0, len(inside.rstrip())
    while at < end:
        match = _LABEL.match(inside, at)
        if match is None:
            raise _LineError(f"no label: {inside[at : at + 60]!r}")
        key, quoted = match.groups()
        if key in pairs:
            raise _LineError(f"the label {key} is there twice")
        pairs[key] = _ESCAPE.sub(_escaped, quoted[1:-1]) if "\\" in quoted else quoted[1:-1]
        at = match.end()
    return pairs


def _lines(body: bytes, found: Exposition) -> list[str]:
    """Return the lines of `body` without their ends; one that is not UTF-8 is refused and left empty."""
    try:
        lines = body.decode().split("\n")
    except UnicodeDecodeError:
        lines = []
        for number, line in enumerate(body.split(b"\n"), 1):
            try:
                lines.append(line.decode())
            except UnicodeDecodeError:
                found.refuse(number, "the line is not UTF-8")
                lines.append("")
    return [line.rstrip("\r") for line in lines] if b"\r" in body else lines


def _describe(comments: Iterable[str], families: dict[str, Family]) -> None:
    for comment in comments:
        parts = comment.split(None, 3)
        if len(parts) < 3 or parts[0] != "#":  # noqa: PLR2004 - `#`, the keyword and the name
            continue
        _, keyword, name, *rest = parts
        text = rest[0].strip() if rest else ""
        if keyword == "TYPE" and text in _TYPES:
            families.setdefault(name, Family()).type = text
        elif keyword == "HELP":
            families.setdefault(name, Family()).help = _ESCAPE.sub(_escaped, text)[:LONGEST_TEXT_BYTES]
        elif keyword == "UNIT":
            families.setdefault(name, Family()).unit = text[:LONGEST_TEXT_BYTES]


def _is_created(name: str, families: Mapping[str, Family]) -> bool:
    """Return whether it is the time at which OpenMetrics says that a series began."""
    family = families.get(name.removesuffix(_CREATED)) if name.endswith(_CREATED) else None
    return family is not None and family.type in _WITH_CREATED


def _check_size(name: str, pairs: Mapping[str, str]) -> None:
    if len(pairs) > MOST_LABELS:
        raise _LineError(f"{name} has {len(pairs)} labels, more than {MOST_LABELS}")
    for key, value in ((NAME, name), *pairs.items()):
        if max(len(key), len(value.encode())) > LONGEST_TEXT_BYTES:
            raise _LineError(f"the label {key[:60]} of {name[:60]} is longer than {LONGEST_TEXT_BYTES} bytes")


def _escaped(match: re.Match[str]) -> str:
    character = match.group(1)
    return "\n" if character == "n" else character if character in '"\\' else match.group()
