"""How a load is written on the command line: stages of users, and arrivals a second.

    --stages '30s:10,1m:50'       10 users after 30 s, then 50 after another minute
    --rate 50                     50 arrivals a second, all the time
    --rate '10..200'              from 10 to 200 in the course of --duration
    --rate '5m:10..200,1m:200'    five minutes from 10 to 200, then a minute at 200

A level is reached in a straight line by the end of its time; a rate begins at the first level unless
FROM.. says where.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wattos_cli.config.fields import InvalidValueError, seconds
from wattos_cli.errors import WattosError, marked
from wattos_cli.loadtest.plan import Arrivals, Stage

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_EXAMPLES = {
    "--stages": "TIME:USERS, each reached by the end of its time: --stages '30s:10,1m:50,30s:10'",
    "--rate": "arrivals a second: --rate 50   --rate '10..200'   --rate '5m:10..200,1m:200'",
}
_MOST = {"--stages": 100_000, "--rate": 100_000}
LONGEST_S = 7 * 24 * 3600.0
"""The longest load test."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One `TIME:FROM..TO` with what it left out as None; `at` is where it begins."""

    at: int
    duration_s: float | None
    start: float | None
    level: float


def stages(text: str) -> tuple[Stage, ...]:
    """Return the stages of users that --stages means; WattosError (exit 2) marks what is wrong with it."""
    reader = _Reader("--stages", text)
    found = []
    for part in reader.parts():
        if part.duration_s is None:
            raise reader.wrong(part.at, "expected TIME:USERS")
        if part.start is not None or part.level != int(part.level):
            raise reader.wrong(part.at, "expected a whole number of users after TIME:")
        found.append(Stage(part.duration_s, part.level))
    if not any(stage.level for stage in found):
        raise reader.wrong(0, "a stage with at least 1 user is missing")
    return tuple(found)


def arrivals(text: str, duration_s: float, *, poisson: bool = False) -> Arrivals:
    """Return the arrivals that --rate means, over `duration_s` where it tells no times itself.

    WattosError (exit 2) marks what is wrong with it.
    """
    reader = _Reader("--rate", text)
    parts = list(reader.parts())
    for part in parts:
        if part.duration_s is None and len(parts) > 1:
            raise reader.wrong(part.at, "several rates need their times: expected TIME:RATE")
        if part.start is not None and part is not parts[0]:
            raise reader.wrong(part.at, "only the first rate may say FROM.. where it begins")
    first = parts[0]
    start = first.level if first.start is None else first.start
    if not start and not any(part.level for part in parts):
        raise reader.wrong(0, "expected a rate of more than 0")
    return Arrivals(
        start, tuple(Stage(part.duration_s or duration_s, part.level) for part in parts), poisson=poisson
    )


class _Reader:
    def __init__(self, option: str, text: str) -> None:
        self._option = option
        self._text = text
        self._at = 0

    def parts(self) -> Iterator[_Part]:
        while True:
            yield self._part()
            if self._at == len(self._text):
                return
            if self._text[self._at] != ",":
                raise self.wrong(self._at, "expected a comma or the end")
            self._at += 1

    def _part(self) -> _Part:
        self._blanks()
        begin, start = self._at, None
        duration_s = self._time()
        level = self._number()
        if self._text.startswith("..", self._at):
            self._at += 2
            start, level = level, self._number()
        return _Part(begin, duration_s, start, level)

    def _time(self) -> float | None:
        """Return what stands before a colon, None if there is none before the next comma."""
        end = self._text.find(":", self._at)
        comma = self._text.find(",", self._at)
        if end < 0 or 0 <= comma < end:
            return None
        try:
            duration_s = seconds(self._text[self._at : end])
        except InvalidValueError:
            raise self.wrong(self._at, "expected a time like 30s or 5m") from None
        if not 0 < duration_s <= LONGEST_S:
            raise self.wrong(self._at, "expected a time of more than 0 and at most a week")
        self._at = end + 1
        return duration_s

    def _number(self) -> float:
        self._blanks()
        if self._text.startswith("-", self._at):
            raise self.wrong(self._at, "a negative number makes no load")
        found = _NUMBER.match(self._text, self._at)
        if found is None:
            raise self.wrong(self._at, "expected a number")
        if float(found[0]) > _MOST[self._option]:
            raise self.wrong(self._at, f"expected at most {_MOST[self._option]}")
        self._at = found.end()
        self._blanks()
        return float(found[0])

    def _blanks(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1

    def wrong(self, at: int, problem: str) -> WattosError:
        return marked(self._option, self._text, at, problem, _EXAMPLES[self._option])
