"""What a tenant may spend at the most, said by the operator for a time; configured budgets hold beside it."""

from collections.abc import Callable
from decimal import Decimal

from wattos_platform.services.llm_gateway.domain.quotas import NANO_USD, Account, Budget, Draw

MOST_CAPS = 100
_NOTHING = Draw((), (), ())


class Caps:
    """Caps by tenant, in this process and while their time lasts; `monotonic` is in seconds.

    A cap is of all that the tenant spends in a UTC day, as its budget is; 0 leaves only what is free. Whoever
    caps a tenant has a name, `by`; of several caps the lowest holds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._of: dict[str, dict[str, tuple[Budget, float]]] = {}

    def __bool__(self) -> bool:
        """Return whether there may be any."""
        return bool(self._of)

    def put(self, tenant: str, usd_per_day: Decimal, ttl_s: float, by: str = "") -> bool:
        """Cap a tenant from now on, instead of the last cap by the same; False when there are too many."""
        now = self._monotonic()
        if by not in self._of.get(tenant, {}) and self._count() >= MOST_CAPS:
            for name in tuple(self._of):
                self._expire(name, now)
            if self._count() >= MOST_CAPS:
                return False
        budget = Budget(Account("tenant", tenant, tenant), int(usd_per_day / NANO_USD))
        self._of.setdefault(tenant, {})[by] = budget, now + ttl_s
        return True

    def remove(self, tenant: str, by: str = "") -> None:
        """Let the tenant go on as configured, unless others cap it."""
        caps = self._of.get(tenant, {})
        caps.pop(by, None)
        if not caps:
            self._of.pop(tenant, None)

    def over(self, tenant: str, draw: Draw | None) -> Draw | None:
        """Return what a request of the tenant draws on: `draw`, its budget the cap if that is lower."""
        if tenant not in self._of:
            return draw
        self._expire(tenant, self._monotonic())
        caps = self._of.get(tenant)
        if not caps:
            return draw
        budget = min((budget for budget, _ in caps.values()), key=lambda each: each.cap)
        drawn = draw or _NOTHING
        same = [each for each in drawn.budgets if each.account == budget.account and not each.shadow]
        if any(each.cap <= budget.cap for each in same):
            return draw
        others = tuple(each for each in drawn.budgets if each.account != budget.account)
        return Draw(drawn.tokens, (budget, *others), drawn.places)

    def _expire(self, tenant: str, now: float) -> None:
        for by, (_, until) in tuple(self._of[tenant].items()):
            if now >= until:
                self.remove(tenant, by)

    def _count(self) -> int:
        return sum(map(len, self._of.values()))
