"""Whether a server that speaks Redis's protocol is there: AUTH and PING, by hand."""

import socket
import time

from wattos_cli.clients.bounded import Bounded
from wattos_cli.deps import NoReplyError

LONGEST_LINE_BYTES = 4096
# What a server that is well says to the two commands of `question`, line by line.
EXPECTED = ("+OK", "+PONG")


def question(password: str) -> bytes:
    """Return AUTH and PING as the protocol sends them."""
    return _command("AUTH", password) + _command("PING")


def refusal(line: bytes, expected: str) -> str:
    """Return "" when `line` says what was `expected`, else what it says instead, an error for example."""
    said = line.decode(errors="replace").strip()
    return "" if said == expected else said.removeprefix("-")


def ask(host: str, port: int, password: str, timeout_s: float) -> None:
    """Return when the server answers PONG; NoReplyError says what it says instead, or why nothing comes.

    All of it must be there `timeout_s` after it was asked for, however slowly it comes.
    """
    deadline_s = time.monotonic() + timeout_s
    try:
        with socket.create_connection((host, port), timeout_s) as connection:
            bounded = Bounded(connection, lambda: deadline_s - time.monotonic())
            bounded.sendall(question(password))
            with bounded.makefile("rb") as answer:
                for expected in EXPECTED:
                    line = answer.readline(LONGEST_LINE_BYTES)
                    if not line.endswith(b"\n"):
                        raise NoReplyError("the answer is cut short")
                    if said := refusal(line, expected):
                        raise NoReplyError(said)
    except TimeoutError as error:
        raise NoReplyError(f"no answer within {timeout_s:g} s") from error
    except OSError as error:
        raise NoReplyError((error.strerror or type(error).__name__).lower()) from error


def _command(*words: str) -> bytes:
    """Return the words as an array of strings, each with its length in bytes."""
    parts = [f"*{len(words)}\r\n".encode()]
    for word in words:
        content = word.encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(content), content))
    return b"".join(parts)
