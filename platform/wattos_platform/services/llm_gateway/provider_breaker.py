"""The breaker before a provider, as far as it is used here."""

from typing import Protocol


class Breaker(Protocol):
    """The part of a circuit breaker that is used here."""

    def allow(self) -> float:
        """Return a permit; BreakerOpen if the call must not be made."""

    def success(self, permit: float | None = None, *, took_s: float | None = None) -> None:
        """Report a call that went well; `took_s`: until the first content of a stream."""

    def failure(
        self,
        error: BaseException | None = None,
        permit: float | None = None,
        *,
        took_s: float | None = None,
    ) -> None:
        """Report a call that failed."""

    def release(self, permit: float | None = None) -> None:
        """Give back a permit without a verdict."""


class NullBreaker:
    """The breaker of what cannot be down: the provider inside this very process."""

    def allow(self) -> float:
        """Allow."""
        return 0.0

    def success(self, permit: float | None = None, *, took_s: float | None = None) -> None:
        """Note nothing."""

    def failure(
        self,
        error: BaseException | None = None,
        permit: float | None = None,
        *,
        took_s: float | None = None,
    ) -> None:
        """Note nothing."""

    def release(self, permit: float | None = None) -> None:
        """Note nothing."""
