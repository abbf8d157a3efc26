"""What every fault can do, and what it may reach."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Protocol

from wattos_cli.config.forms import Form, Seconds
from wattos_cli.deps import Deps
from wattos_cli.project import Project


class Fault(Protocol):
    """One thing that is broken for a while; methods are called from one thread."""

    def apply(self, ttl_s: float) -> None:
        """Break it. It ends by itself after `ttl_s`, whatever becomes of this process (SIGKILL included).

        WattosError when it cannot be broken; what was done until then is undone by `rollback`.
        """
        ...

    def rollback(self) -> None:
        """Mend it; nothing happens where nothing is broken (any more), so that it may be called again.

        WattosError when it could not be mended; the time-out of `apply` remains.
        """
        ...

    def describe(self) -> str:
        """Return what is broken, for progress and reports, like `openai answers 503`."""
        ...


@dataclass(frozen=True, slots=True)
class FaultTarget:
    """The platform that faults are done to."""

    deps: Deps
    project: Project


class FaultForm(Form, ABC):
    """A `[[fault]]` table: its kind, when it begins, how long it lasts at most, and the fields of its kind.

    It begins `after` so long in the phase of faults, at once unless it says so. `needs` are the services and
    components that must run for it.
    """

    needs: ClassVar[tuple[str, ...]] = ()

    kind: str
    after: Seconds | None = None
    ttl: Seconds | None = None

    @abstractmethod
    def fault(self, target: FaultTarget) -> Fault:
        """Return the fault, which nobody has applied yet."""
