"""Values of flags that bear more than one piece: `chat=3`, `simulator,redis`."""

from collections.abc import Iterable

from wattos_cli.errors import usage


def numbers(texts: Iterable[str], flag: str, lowest: int, highest: int) -> dict[str, int]:
    """Return `NAME=NUMBER` texts as a mapping; WattosError (usage) names the one that is not like that."""
    found: dict[str, int] = {}
    for text in (piece for each in texts for piece in each.split(",")):
        name, separator, number = text.partition("=")
        if not (name and separator and number.isascii() and number.isdigit()):
            raise usage(
                f"{flag}: expected NAME=NUMBER, got {text!r}",
                f"for example: {flag} chat={3106 if flag == '--port' else lowest + 1}",
            )
        if not lowest <= int(number) <= highest:
            raise usage(f"{flag} {text}: expected a number from {lowest} to {highest}", "")
        found[name] = int(number)
    return found


def names(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the comma separated names in `texts`, each once, in order."""
    pieces = (piece.strip() for text in texts for piece in text.split(","))
    return tuple(dict.fromkeys(piece for piece in pieces if piece))


def offset(text: str) -> int | None:
    """Return a port offset, None for `auto`; WattosError (usage) when it is neither."""
    if text == "auto":
        return None
    step, highest = 100, 60_000
    if not (text.isascii() and text.isdigit()) or int(text) % step or int(text) > highest:
        raise usage(
            f"--port-offset: expected a multiple of {step} from 0 to {highest}, or auto, got {text!r}",
            "wattos up --port-offset auto",
        )
    return int(text)
