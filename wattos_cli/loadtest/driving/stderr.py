"""What the generator says beside its journal; shown when it breaks off."""

import sys


def write_line(text: str) -> None:
    """Write a line to stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
