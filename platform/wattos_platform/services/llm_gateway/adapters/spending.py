"""What accounts have spent on a day, by the stored rows."""

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, case, func, select

from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.timestamps import DAY_S
from wattos_platform.services.llm_gateway.adapters.tables import llm_calls
from wattos_platform.services.llm_gateway.domain.quotas import Account

# Rows are stored 100 ms late, and seconds late where the database is busy: older ones are all there.
SETTLED_S = 10.0
MAX_ACCOUNTS = 10_000
_PICO_PER_NANO = 1000
_calls = llm_calls.c
# Summed as nano-dollars: nine billion of them fit, pico-dollars would be full at nine million.
_nano_usd = func.coalesce(_calls.cost_pico_usd, 0) / _PICO_PER_NANO


@dataclass(slots=True)
class _Settled:
    """The sum of an account's rows until `until` (seconds since 1970), which change no more."""

    until: float
    nano_usd: int = 0


class DatabaseSpending:
    """Sums the costs of rows; what other replicas wrote into the same database is in it.

    A row is read in some looks only, not in all of its day: what is older than 10 s has been summed for good.
    `clock` is wall time.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._settled: dict[tuple[Account, date], _Settled] = {}

    async def spent(self, account: Account, day: date) -> int:
        """Return the nano-dollars that `account` spent on the UTC day; DatabaseUnavailableError if unread."""
        begin = float(calendar.timegm(day.timetuple()))
        settled = self._settled.get((account, day)) or _Settled(begin)
        since, until = settled.until, min(max(settled.until, self._clock() - SETTLED_S), begin + DAY_S)
        query = select(
            func.coalesce(func.sum(case((_calls.at < until, _nano_usd), else_=0)), 0),
            func.coalesce(func.sum(case((_calls.at >= until, _nano_usd), else_=0)), 0),
        ).where(*_rows_of(account), _calls.at >= since, _calls.at < begin + DAY_S)
        async with self._database.read() as connection:
            older, newer = (await connection.execute(query)).one()
        total = _Settled(until, settled.nano_usd + int(older))
        self._keep((account, day), total)
        return total.nano_usd + int(newer)

    def _keep(self, key: tuple[Account, date], settled: _Settled) -> None:
        if key not in self._settled and len(self._settled) >= MAX_ACCOUNTS:
            del self._settled[next(iter(self._settled))]
        self._settled[key] = settled


def _rows_of(account: Account) -> list[ColumnElement[bool]]:
    if account.kind == "model":
        return [_calls.requested_model == account.name]
    tenant = _calls.tenant == account.tenant
    return [tenant] if account.kind == "tenant" else [tenant, _calls.user == account.name]
