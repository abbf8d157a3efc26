"""The figures of a drill: how soon, how often, how much."""

from dataclasses import dataclass, fields


@dataclass(slots=True)
class Figures:
    """What a drill measured; None: it did not happen, or nobody could tell.

    Times in seconds: `detect_s` from the fault to the first sign that the platform itself gave, `open_s` to
    the first breaker that opened, `recover_s` from the rollback until every assertion on the recovery held.
    `user_errors` of `requests` failed from the fault on, `fallbacks` were answered by another provider.
    `retry_amplification` is how many attempts one request made of itself: 1 without retries.
    """

    detect_s: float | None = None
    open_s: float | None = None
    recover_s: float | None = None
    requests: int | None = None
    user_errors: int | None = None
    fallbacks: int | None = None
    retry_amplification: float | None = None

    def get(self, name: str) -> float | None:
        """Return the figure called `name`."""
        value: float | None = getattr(self, name)
        return value


NAMES = tuple(each.name for each in fields(Figures))
