"""What the generator says beside its journal; shown when it breaks off."""

import sys


def say(text: str) -> None:
    """Write a line to stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
