"""Sums over the usage rows in the model gateway's database."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Float, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import Select

from wattos_platform.kernel.db.database import Database
from wattos_platform.services.llm_gateway.adapters.tables import llm_calls
from wattos_platform.services.llm_gateway.domain.usage_query import DAY, ENDED_WELL, SUMMED, UsageQuery
from wattos_platform.services.llm_gateway.ports import UsageSums

_MOST_ROWS = 1000
_MOST_UNPRICED = 100
_DAY_S = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Costs are summed in two parts, so that no sum leaves 64 bits: nine million dollars would be its end.
_BILLION = 10**9

_calls = llm_calls.c
_cost = func.coalesce(_calls.cost_pico_usd, 0)


def _times(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _total(values: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(values), 0)


_SUMS = (
    func.count().label("calls"),
    _total(_calls.prompt_tokens).label("prompt_tokens"),
    _total(_calls.completion_tokens).label("completion_tokens"),
    _total(_calls.cached_tokens).label("cached_tokens"),
    _total(_calls.cache_write_tokens).label("cache_write_tokens"),
    _total(_calls.reasoning_tokens).label("reasoning_tokens"),
    _times(_calls.cost_pico_usd.is_(None)).label("unpriced_calls"),
    _times(_calls.estimated).label("estimated_calls"),
    _times(_calls.outcome.not_in(ENDED_WELL)).label("failed_calls"),
    _total(_cost // _BILLION).label("billions"),
    _total(_cost % _BILLION).label("rest"),
)


class DatabaseUsageReports:
    """Implements the port UsageReports; what other replicas wrote is in the sums too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sums(self, asked: UsageQuery) -> UsageSums:
        """Return the sums of the calls that `asked` means; at most 1000 rows, totals of all."""
        groups = [_group(name) for name in asked.columns]
        async with self._database.read() as connection:
            found = await _rows(connection, _grouped(asked, groups).limit(_MOST_ROWS + 1))
            rows = [_summed(row, asked.columns) for row in found[:_MOST_ROWS]]
            totals, left_off = {name: sum(row[name] for row in rows) for name in SUMMED}, 0
            if len(found) > _MOST_ROWS:
                totals = _summed((await _rows(connection, _among(select(*_SUMS), asked)))[0], ())
                every = _among(select(*groups), asked).group_by(*groups).subquery()
                left_off = (
                    await connection.execute(select(func.count()).select_from(every))
                ).scalar_one() - _MOST_ROWS
            unpriced = await _rows(connection, _unpriced(asked)) if totals["unpriced_calls"] else []
        return UsageSums(rows, totals, unpriced, left_off)


def _group(name: str) -> ColumnElement[Any]:
    """Return the column `name`; a day is its number since 1970, in UTC."""
    return func.floor(_calls.at / _DAY_S).label(DAY) if name == DAY else _calls[name].label(name)


def _among(query: Select[Any], asked: UsageQuery) -> Select[Any]:
    query = query.where(_calls.at >= asked.since.timestamp(), _calls.at < asked.until.timestamp())
    return query if asked.tenant is None else query.where(_calls.tenant == asked.tenant)


def _grouped(asked: UsageQuery, groups: Sequence[ColumnElement[Any]]) -> Select[Any]:
    dearest = func.sum(cast(_cost, Float)).desc()
    order = groups if asked.by == DAY else [dearest, *groups]
    return _among(select(*groups, *_SUMS), asked).group_by(*groups).order_by(*order)


def _unpriced(asked: UsageQuery) -> Select[Any]:
    groups = (_calls.provider, _calls.model)
    query = _among(select(*groups, func.count().label("calls")), asked)
    query = query.where(_calls.cost_pico_usd.is_(None)).group_by(*groups)
    return query.order_by(func.count().desc(), *groups).limit(_MOST_UNPRICED)


async def _rows(connection: AsyncConnection, query: Select[Any]) -> Sequence[Mapping[str, Any]]:
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def _summed(row: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    summed = {name: int(row[name]) for name in SUMMED if name in row}
    named = {name: _day(row[DAY]) if name == DAY else row[name] for name in columns}
    return {**named, **summed, "cost_pico_usd": int(row["billions"]) * _BILLION + int(row["rest"])}


def _day(number: float) -> str:
    return (_EPOCH + timedelta(days=int(number))).date().isoformat()
