"""What a tenant may spend at the most, said by the operator for a time; configured budgets hold beside it."""

from collections.abc import Callable
from decimal import Decimal

from wattos_platform.services.llm_gateway.domain.quotas import NANO_USD, Account, Budget, Draw

MOST_CAPS = 100
_NOTHING = Draw((), (), ())


class Caps:
    """Caps by tenant, in this process and while their time lasts; `monotonic` is in seconds.

    A cap is of all that the tenant spends in a UTC day, as its budget is; 0 leaves only what is free.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._until: dict[str, tuple[Budget, float]] = {}

    def __bool__(self) -> bool:
        """Return whether there may be any."""
        return bool(self._until)

    def put(self, tenant: str, usd_per_day: Decimal, ttl_s: float) -> bool:
        """Cap a tenant from now on, instead of its last cap; False when there are too many others."""
        now = self._monotonic()
        if tenant not in self._until and len(self._until) >= MOST_CAPS:
            self._until = {name: kept for name, kept in self._until.items() if kept[1] > now}
            if len(self._until) >= MOST_CAPS:
                return False
        budget = Budget(Account("tenant", tenant, tenant), int(usd_per_day / NANO_USD))
        self._until[tenant] = budget, now + ttl_s
        return True

    def remove(self, tenant: str) -> None:
        """Let the tenant go on as configured."""
        self._until.pop(tenant, None)

    def over(self, tenant: str, draw: Draw | None) -> Draw | None:
        """Return what a request of the tenant draws on: `draw`, its budget the cap if that is lower."""
        budget, until = self._until.get(tenant, (None, 0.0))
        if budget is None:
            return draw
        if self._monotonic() >= until:
            self.remove(tenant)
            return draw
        drawn = draw or _NOTHING
        same = [each for each in drawn.budgets if each.account == budget.account and not each.shadow]
        if any(each.cap <= budget.cap for each in same):
            return draw
        others = tuple(each for each in drawn.budgets if each.account != budget.account)
        return Draw(drawn.tokens, (budget, *others), drawn.places)
