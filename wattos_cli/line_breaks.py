"""Where a note or an error goes on in the next line of a terminal: never within what is to be typed."""

import re

_COLOR = re.compile(r"\x1b\[[\d;]*m")
_JOINTS = re.compile(r"(?<=\S)( {3,})|(?<=\S\.)( )(?=[A-Z])|(?<=;)( )")
"""Between sentences, and where three blanks set a command apart."""
_BLANKS = re.compile(r"(?<=\S)( +)(?=\S)")
_TYPED = re.compile(r"\bwattos \w|--\w|/\w|`")
"""What is typed, or copied: a command, an option, a path."""


def in_lines(text: str, width: int, indent: str = "") -> str:
    """Return `text` with lines that are too long for `width` (0: none is) broken.

    Between words; where there is something to type, between sentences only, so that it can be copied whole.
    They go on after `indent`, those that are indented themselves two columns further in.
    """
    if not width:
        return text
    lines = text.split("\n")
    marked = [below.strip() == "^" for below in [*lines[1:], ""]]  # what a mark points into stays in place
    return "\n".join(
        line if is_marked or width_of(line) <= width else _broken(line, width, _deeper(line) or indent)
        for line, is_marked in zip(lines, marked, strict=True)
    )


def width_of(line: str) -> int:
    """Return the columns that a line takes, in which colours take none."""
    return len(_COLOR.sub("", line))


def _deeper(line: str) -> str:
    blanks = len(line) - len(line.lstrip())
    return " " * (blanks + 2) if blanks else ""


def _broken(line: str, width: int, indent: str) -> str:
    if not _TYPED.search(line):
        return "\n".join(_filled(line, _BLANKS, width, indent))
    return "\n".join(
        part
        for whole in _filled(line, _JOINTS, width, indent)
        for part in ([whole] if _TYPED.search(whole) else _filled(whole, _BLANKS, width, indent))
    )


def _filled(line: str, joints: re.Pattern[str], width: int, indent: str) -> list[str]:
    """Return the line in several, broken at `joints` only, as much as fits `width` in each of them."""
    first, *others = (piece for piece in joints.split(line) if piece is not None)
    lines = [first]
    for blanks, piece in zip(others[::2], others[1::2], strict=True):
        longer = f"{lines[-1]}{blanks}{piece}"
        if width_of(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(f"{indent}{piece}")
    return lines
