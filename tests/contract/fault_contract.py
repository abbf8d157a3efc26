"""What every fault of a drill must do, whatever it breaks."""

from collections.abc import Callable

from wattos_cli.drills.faults.fault import Fault

LONG_S = 60.0


def holds(fault: Fault, broken: Callable[[], bool]) -> None:
    """Apply `fault` and mend it, also too often and too early; `broken` says how things are."""
    assert fault.describe().isprintable()
    fault.rollback()
    assert not broken()
    fault.apply(LONG_S)
    assert broken()
    fault.rollback()
    assert not broken()
    fault.rollback()
    assert not broken()
