"""What a person types after `wattos logs`, checked and turned into criteria."""

import re
from collections.abc import Sequence

from wattos_cli.errors import usage
from wattos_cli.logstore import fields
from wattos_cli.logstore.criteria import Criteria
from wattos_cli.logstore.instants import instant_s
from wattos_cli.logstore.where import Expression, WhereError, parse

WHERE_HELP = (
    "for example: --where 'duration_ms > 500ms and level in (warning, error) and not route =~ \"^/health\"'"
)


def criteria(
    now_s: float,
    *,
    since: str | None = None,
    until: str | None = None,
    level: str | None = None,
    grep: str | None = None,
    where: Sequence[str] = (),
    request: str | None = None,
    trace: str | None = None,
) -> Criteria:
    """Return the criteria that the texts mean; WattosError (exit 2) naming the option that is wrong."""
    found = Criteria(
        since_s=instant("--since", since, now_s),
        until_s=instant("--until", until, now_s),
        level=_level(level),
        grep=_pattern(grep),
        where=tuple(_where(text) for text in where),
        request=request or None,
        trace=trace or None,
    )
    if found.since_s is not None and found.until_s is not None and found.since_s > found.until_s:
        raise usage("--since is later than --until: nothing lies between them.", "Exchange the two.")
    return found


def run_back(text: str) -> int | None:
    """Return how many starts back `--run TEXT` means: `last` is 1, `current` 0, `all` None."""
    named: dict[str, int | None] = {"last": 1, "current": 0, "all": None}
    if text in named:
        return named[text]
    if text.isascii() and text.isdecimal():
        return int(text)
    raise usage(
        f"--run {text}: neither last, current, all nor a number.", "The run before this one: --run last"
    )


def instant(option: str, text: str | None, now_s: float) -> float | None:
    """Return seconds since the epoch for RFC 3339 or `-15m`, None for None; WattosError naming `option`."""
    if text is None:
        return None
    try:
        return instant_s(text, now_s)
    except ValueError as error:
        raise usage(f"{option}: {error}.", f"a quarter of an hour ago: {option} -15m") from None


def _level(text: str | None) -> str | None:
    if text is None:
        return None
    level = fields.level_name(text)
    if level is None:
        raise usage(f"--level {text}: no such level.", f"levels are: {', '.join(fields.RANKS)}")
    return level


def _pattern(text: str | None) -> re.Pattern[str] | None:
    if text is None:
        return None
    try:
        return re.compile(text)
    except re.error as error:
        position = error.pos or 0
        raise usage(
            f"--grep: wrong regular expression ({error.msg}) at column {position + 1}\n"
            f"  {text}\n  {' ' * position}^",
            "A text as it stands: put a backslash before each of . * + ? ( ) [ ] { } | ^ $",
        ) from None


def _where(text: str) -> Expression:
    try:
        return parse(text)
    except WhereError as error:
        raise usage(f"--where: {error}", WHERE_HELP) from None
