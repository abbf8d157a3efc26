"""A Locust plug-in, loaded beside the scenario (`locust -f recorder.py,locustfile.py`): counts every request.

Runs in the generator's process only. Writes what it counted to the file named by WATTOS_LOADTEST_RESULT.
A request may carry `ttft_ms`, `itl_ms` (a list) and `usd` in its Locust context.
"""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gevent
from locust import events

from wattos_cli.loadtest.measured import Measured, Requests

_ERROR_CHARACTERS = 300


class Recorder:
    """Listens to one run; `objectives_ms` (latency, ttft, itl) decide which requests are good."""

    def __init__(self, result: Path, objectives_ms: Mapping[str, float]) -> None:
        self._result = result
        self._objectives_ms = objectives_ms
        self._measured = Measured()
        self._began_s = time.monotonic()

    def prepare(self, **_given: Any) -> None:
        """Set gevent's idea of now, as old as the imports until then: --run-time would be that much short."""
        gevent.get_hub().loop.update_now()

    def start(self, **_given: Any) -> None:
        """Note when the run begins."""
        self._began_s = time.monotonic()

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
        label = f"{request_type} {name}"
        requests = self._measured.requests.setdefault(label, Requests(label))
        status = getattr(response, "status_code", 0) or 0
        requests.count += 1
        requests.statuses[str(status)] = requests.statuses.get(str(status), 0) + 1
        if exception is not None:
            requests.failures += 1
            requests.unanswered += status == 0
            text = f"{label}: {str(exception) or type(exception).__name__}"
            self._measured.note_error(text[:_ERROR_CHARACTERS])
            return
        given = context or {}
        ttft = given.get("ttft_ms")
        times = {"latency": [response_time], "ttft": [] if ttft is None else [ttft]}
        times["itl"] = list(given.get("itl_ms") or ())
        for metric, values in times.items():
            for value in values:
                requests.time(metric).add(value)
        if given.get("usd") is not None:
            requests.usd += given["usd"]
            requests.usd_known += 1
        requests.good += all(
            value < limit for metric, limit in self._objectives_ms.items() for value in times[metric]
        )

    def stop(self, environment: Any, **_given: Any) -> None:
        """Write the result; the file appears whole or not at all."""
        self._measured.duration_s = time.monotonic() - self._began_s
        self._measured.saturated = bool(environment.runner and environment.runner.cpu_warning_emitted)
        temporary = self._result.with_suffix(".part")
        temporary.write_text(json.dumps(self._measured.dump()), encoding="utf-8")
        temporary.replace(self._result)


if "WATTOS_LOADTEST_RESULT" in os.environ:
    _recorder = Recorder(
        Path(os.environ["WATTOS_LOADTEST_RESULT"]),
        json.loads(os.environ.get("WATTOS_LOADTEST_OBJECTIVES") or "{}"),
    )
    hooks: Any = events  # Locust's hooks carry no types
    hooks.init.add_listener(_recorder.prepare)
    hooks.test_start.add_listener(_recorder.start)
    hooks.request.add_listener(_recorder.record)
    hooks.test_stop.add_listener(_recorder.stop)
