"""The account of what happened to every line: read = shown + filtered + bad."""

from dataclasses import dataclass, field


@dataclass
class Tally:
    """Counts of one reading. A line with several objects counts as several; text after a record as its lines.

    `bad` lines are those that are no record and no text; `bad_hidden` of them were not shown, the first of
    them named in `first_hidden`. `disordered` entries came later than the merge's window allows.
    """

    shown: int = 0
    filtered: int = 0
    bad: int = 0
    bad_hidden: int = 0
    first_hidden: str = ""
    disordered: int = 0
    notices: list[str] = field(default_factory=list)

    @property
    def read(self) -> int:
        """Return how many lines were read."""
        return self.shown + self.filtered + self.bad

    def filter(self, lines: int) -> None:
        """Count lines that were not asked for."""
        self.filtered += lines

    def hide_bad(self, lines: int, place: str, reason: str) -> None:
        """Count bad lines that are not shown, and keep the first one's place."""
        self.bad += lines
        self.bad_hidden += lines
        self.first_hidden = self.first_hidden or f"{place}: {reason}"

    def summary(self) -> str:
        """Return one line for stderr."""
        parts = [f"{self.read} lines read: {self.shown} shown, {self.filtered} filtered, {self.bad} bad"]
        if self.bad_hidden:
            parts.append(f"{self.bad_hidden} bad not shown, the first at {self.first_hidden}")
        if self.disordered:
            parts.append(f"{self.disordered} out of order by more than the merge's window")
        return "; ".join(parts)

    @property
    def worth_telling(self) -> bool:
        """Say whether something was read that was not shown as it stood."""
        return bool(self.filtered or self.bad or self.disordered)
