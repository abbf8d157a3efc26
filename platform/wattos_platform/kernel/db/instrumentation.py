"""Counts and times every statement: `db_queries_total` and `db_query_duration_seconds`."""

import re
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

from wattos_platform.kernel.telemetry import Meter

_TABLE = re.compile(r"\b(?:from|into|update|table(?:\s+if\s+not\s+exists)?)\s+[\"'`]?(\w+)", re.IGNORECASE)
_OPERATIONS = frozenset({"select", "insert", "update", "delete"})
_STARTED = "wattos_started"


@lru_cache(maxsize=512)
def operation_and_table(statement: str) -> tuple[str, str]:
    """Return the verb and first table that `statement` names: `("select", "runs")`.

    A verb that is no query is `other`, a statement without a table has the table `none`. Statements come from
    the code with their values as parameters, so both labels are bounded.
    """
    words = statement.split(None, 1)
    verb = words[0].lower() if words else ""
    if verb == "with":
        verb = "select"
    table = _TABLE.search(statement)
    return (verb if verb in _OPERATIONS else "other", table.group(1).lower() if table else "none")


def instrument(engine: AsyncEngine, meter: Meter, monotonic: Callable[[], float] = time.perf_counter) -> None:
    """Record every statement that runs on `engine`; transaction control is not counted."""
    sync_engine = engine.sync_engine

    def record(statement: str, started: float, success: str) -> None:
        operation, table = operation_and_table(statement)
        if operation == "other":
            return
        meter.counter("db_queries_total", operation=operation, table=table, success=success).inc()
        meter.histogram("db_query_duration_seconds", operation=operation).observe(monotonic() - started)

    def before(
        _connection: Connection, _cursor: Any, _statement: str, _parameters: Any, context: Any, *_rest: Any
    ) -> None:
        context.wattos_started = monotonic()

    def after(
        _connection: Connection, _cursor: Any, statement: str, _parameters: Any, context: Any, *_rest: Any
    ) -> None:
        record(statement, context.wattos_started, "true")

    def failed(context: ExceptionContext) -> None:
        execution = context.execution_context
        started = getattr(execution, _STARTED, None)
        if context.statement and started is not None:
            record(context.statement, started, "false")

    event.listen(sync_engine, "before_cursor_execute", before)
    event.listen(sync_engine, "after_cursor_execute", after)
    event.listen(sync_engine, "handle_error", failed)
