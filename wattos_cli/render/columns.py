"""Plain aligned columns; imports nothing, because `ps` waits for it."""

from collections.abc import Sequence


def table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: frozenset[str] = frozenset(),
    *,
    gap: str = "  ",
) -> str:
    """Return `rows` under `headings`, each column as wide as its widest cell; `right` names figures."""
    widths = [max(len(row[index]) for row in [headings, *rows]) for index in range(len(headings))]
    lines = [
        gap.join(
            cell.rjust(width) if heading in right else cell.ljust(width)
            for cell, width, heading in zip(row, widths, headings, strict=True)
        ).rstrip()
        for row in [headings, *rows]
    ]
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """Return a span of time in its two largest units: `45s`, `3m20s`, `2h05m`, `4d03h`."""
    whole = int(seconds)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days}d{hour:02}h"
    if hours:
        return f"{hours}h{minute:02}m"
    return f"{minutes}m{second:02}s" if minutes else f"{second}s"


def to_the_second(instant: str) -> str:
    """Return an instant in UTC without its fraction, `2026-05-01T10:00:00Z`; any other text as it is."""
    return f"{instant[:19]}Z" if instant.endswith(("Z", "+00:00")) else instant


def mebibytes(size_bytes: int | None) -> str:
    """Return a size in MiB as `61.2M`, `-` when it is not known."""
    return "-" if size_bytes is None else f"{size_bytes / 1_048_576:.1f}M"


def milliseconds(value: float | None) -> str:
    """Return a duration as `850 ms` or `2.41 s`, `-` when it is not known."""
    if value is None:
        return "-"
    return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.0f} ms"  # noqa: PLR2004 - a second
