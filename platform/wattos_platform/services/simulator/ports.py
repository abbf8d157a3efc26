"""What the simulator needs of the machine below it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.types import Scope


class HangUp(Protocol):
    """Ends the TCP connection of a request."""

    def __call__(self, scope: Scope, reset: bool, /) -> bool:  # noqa: FBT001 - one call, one meaning
        """End it with RST or with FIN; False if this process does not find it."""


@dataclass(frozen=True, slots=True)
class ProviderPort:
    """A port of one provider; `open` is False while it refuses connections."""

    provider: str
    host: str
    port: int
    open: bool


class ProviderPorts(Protocol):
    """Ports of single providers beside the simulator's own."""

    async def add(self, provider: str, port: int, /) -> ProviderPort:
        """Open a port, a free one for 0; OSError if it is taken, OverflowError above the cap."""

    async def remove(self, port: int, /) -> bool:
        """Close a port for good; False if there is none."""

    def all(self) -> Sequence[ProviderPort]:
        """Return all ports."""

    def provider_at(self, port: int, /) -> str | None:
        """Return whose port this is, None for the simulator's own."""

    async def obey(self) -> None:
        """Close the listeners of the providers that refuse connections now, open those of all others."""
