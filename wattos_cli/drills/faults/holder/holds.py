"""What every fault that is held offers its holder."""

from collections.abc import Sequence
from typing import Protocol

from wattos_cli.drills.faults.holder.watcher import Watcher


class Hold(Protocol):
    """One fault while it is held. `begin` may be called once; `undo` any number of times, begun or not."""

    watcher: Watcher | None

    def begin(self) -> str:
        """Apply the fault and return what was done, in words.

        Raises RefusedError when it cannot be applied; nothing is left then.
        """
        ...

    def next_s(self) -> float | None:
        """Return after how many seconds `go_on` is due, None when nothing more will happen."""
        ...

    def go_on(self) -> Sequence[str]:
        """Do what is due and return it in words."""
        ...

    def undo(self) -> None:
        """Put everything back as it was."""
        ...
