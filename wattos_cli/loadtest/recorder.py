"""A Locust plug-in, loaded beside the scenario (`locust -f recorder.py,locustfile.py`): counts every request.

Runs in the generator's process only, and writes the journal beside the plan named by WATTOS_LOADTEST_PLAN. A
request may carry `ttft_ms`, `itl_ms` (a list), `tokens`, `usd` and `trace_id` in its Locust context.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gevent
from locust import events

from wattos_cli.loadtest.collector import Collector, Observed
from wattos_cli.loadtest.generation import JOURNAL, PLAN_FILE
from wattos_cli.loadtest.journal import Journal
from wattos_cli.loadtest.measured import Ending
from wattos_cli.loadtest.plan import Plan

_INTERVAL_S = 1.0
_MS = 1000.0


class Recorder:
    """Listens to one run."""

    def __init__(self, plan: Plan, journal: Journal) -> None:
        self._plan = plan
        self._journal = journal
        self._collector = Collector(plan.objectives_ms, time.monotonic())
        self._cpu_s = time.process_time()
        self._writing: Any = None
        self._environment: Any = None

    def prepare(self, environment: Any, **_given: Any) -> None:
        """Set gevent's idea of now, as old as the imports until then: --run-time would be that much short."""
        self._environment = environment
        gevent.get_hub().loop.update_now()

    def start(self, **_given: Any) -> None:
        """Begin to count."""
        self._collector = Collector(self._plan.objectives_ms, time.monotonic())
        self._cpu_s = time.process_time()
        self._writing = gevent.spawn(self._write)

    def record(
        self,
        request_type: str,
        name: str,
        response_time: float,
        *,
        exception: Any = None,
        context: Mapping[str, Any] | None = None,
        response: Any = None,
        **_others: Any,
    ) -> None:
        """Count one request, successful or not; `response_time` in ms."""
        given = context or {}
        self._collector.record(
            Observed(
                name=f"{request_type} {name}",
                began_s=time.monotonic() - response_time / _MS,
                latency_ms=response_time,
                status=getattr(response, "status_code", 0) or 0,
                error="" if exception is None else str(exception) or type(exception).__name__,
                ttft_ms=given.get("ttft_ms"),
                itl_ms=given.get("itl_ms") or (),
                tokens=given.get("tokens", 0),
                usd=given.get("usd"),
                trace_id=given.get("trace_id", ""),
            )
        )

    def stop(self, environment: Any, **_given: Any) -> None:
        """Write what is left, and the ending."""
        self._writing.kill()
        self._flush()
        busy = bool(environment.runner and environment.runner.cpu_warning_emitted)
        reasons = ("its processor was busy for more than 90 % of the time",) if busy else ()
        self._journal.end(Ending(time.monotonic() - self._collector.began_s, reasons))

    def _write(self) -> None:
        while True:
            gevent.sleep(_INTERVAL_S)
            self._flush()

    def _flush(self) -> None:
        cpu_s = time.process_time()
        users = self._environment.runner.user_count if self._environment.runner else 0
        self._journal.interval(self._collector.take(time.monotonic(), users, cpu_s - self._cpu_s))
        self._cpu_s = cpu_s


if PLAN_FILE in os.environ:
    _path = Path(os.environ[PLAN_FILE])
    _recorder = Recorder(Plan.load(_path.read_text(encoding="utf-8")), Journal(_path.with_name(JOURNAL)))
    hooks: Any = events  # Locust's hooks carry no types
    hooks.init.add_listener(_recorder.prepare)
    hooks.test_start.add_listener(_recorder.start)
    hooks.request.add_listener(_recorder.record)
    hooks.test_stop.add_listener(_recorder.stop)
