"""What accounts have spent on a day, by the stored rows."""

import calendar
from datetime import date

from sqlalchemy import ColumnElement, func, select

from wattos_platform.kernel.db.database import Database
from wattos_platform.services.llm_gateway.adapters.tables import llm_calls
from wattos_platform.services.llm_gateway.domain.quotas import Account

_PICO_PER_NANO = 1000
_DAY_S = 86_400
_calls = llm_calls.c


class DatabaseSpending:
    """Sums the costs of rows; what other replicas wrote into the same database is in it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def spent(self, account: Account, day: date) -> int:
        """Return the nano-dollars that `account` spent on the UTC day; DatabaseUnavailableError if unread."""
        begin = float(calendar.timegm(day.timetuple()))
        # Summed as nano-dollars: nine billion of them fit, pico-dollars would be full at nine million.
        nano = func.sum(func.coalesce(_calls.cost_pico_usd, 0) / _PICO_PER_NANO)
        query = select(func.coalesce(nano, 0)).where(
            *_rows_of(account), _calls.at >= begin, _calls.at < begin + _DAY_S
        )
        async with self._database.read() as connection:
            return int((await connection.execute(query)).scalar_one())


def _rows_of(account: Account) -> list[ColumnElement[bool]]:
    if account.kind == "model":
        return [_calls.requested_model == account.name]
    tenant = _calls.tenant == account.tenant
    return [tenant] if account.kind == "tenant" else [tenant, _calls.user == account.name]
