"""How a process has ended, in words."""

import signal


def told(code: int) -> str:
    """Return an exit code (negative for a signal) in words: `was ended by SIGKILL`, `exited with code 1`."""
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
