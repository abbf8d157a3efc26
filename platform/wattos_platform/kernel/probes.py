"""The routes every service answers on both listeners: health in three depths, figures, metrics."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wattos_platform import __version__
from wattos_platform.catalog import CONTRACTS_VERSION
from wattos_platform.kernel.answers import JSON, json_answer
from wattos_platform.kernel.exposition import CONTENT_TYPE, accepts_gzip
from wattos_platform.kernel.health import health_document
from wattos_platform.kernel.health_telemetry import HealthTelemetry
from wattos_platform.kernel.instruments import Counter, Histogram
from wattos_platform.kernel.metrics import Instrument, Metrics
from wattos_platform.kernel.process_usage import publish_usage
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.kernel.timestamps import rfc3339

_HEALTH_JSON = "application/health+json"
_SERVER_ERROR = 500
_CLIENT_ERROR = 400
Kpi = Callable[[], Awaitable[dict[str, Any]]]


def probe_routes(runtime: Runtime, kpi: Kpi | None) -> list[Route]:
    """Return the probe routes of one service."""
    health = HealthTelemetry(runtime.health, runtime.metrics)

    async def liveness(_request: Request) -> Response:
        return json_answer({"status": "alive"})

    async def readiness(_request: Request) -> Response:
        ready = runtime.health.ready()
        body = {"status": "ready" if ready else "not_ready", "message": runtime.health.message()}
        return json_answer(body, 200 if ready else 503)

    async def full(request: Request) -> Response:
        media = _HEALTH_JSON if _HEALTH_JSON in request.headers.get("accept", "") else JSON
        status = 503 if runtime.health.status() == "unhealthy" else 200
        return json_answer(_report(runtime), status, media_type=media)

    async def figures(_request: Request) -> Response:
        own = await kpi() if kpi is not None else {}
        return json_answer(_figures(runtime.metrics) | own)

    async def metrics(request: Request) -> Response:
        publish_usage(runtime.metrics)
        runtime.breakers.publish()
        runtime.concurrency.publish()
        health.publish()
        if runtime.database is not None:
            runtime.database.publish()
        headers = {"vary": "accept-encoding"}
        compressed = accepts_gzip(request.headers.get("accept-encoding", ""))
        if compressed:
            headers["content-encoding"] = "gzip"
        body = await runtime.metrics.exposition(compressed=compressed)
        return Response(body, media_type=CONTENT_TYPE, headers=headers)

    return [
        Route("/health/liveness", liveness),
        Route("/health/readiness", readiness),
        Route("/health", full),
        Route("/health/kpi", figures),
        Route("/metrics", metrics),
        Route("/health/metrics", metrics),
    ]


def _report(runtime: Runtime) -> dict[str, Any]:
    return {
        "schema": "wattos.health/v1",
        "contracts_version": CONTRACTS_VERSION,
        "service": runtime.service.name,
        "timestamp": rfc3339(runtime.clock()),
        "version": __version__,
        "uptime_s": round(runtime.monotonic() - runtime.started_at, 3),
        **health_document(runtime.health),
    }


def _figures(metrics: Metrics) -> dict[str, Any]:
    """Return the figures people ask for, read from the very metrics that Prometheus scrapes."""
    total = success = error = duration_s = 0.0
    for labels, counter in metrics.each("http_requests_total"):
        status, count = int(labels["status"]) if labels["status"].isdigit() else 0, _count(counter)
        total += count
        success += count if status < _CLIENT_ERROR else 0
        error += count if status >= _SERVER_ERROR else 0
    for _, histogram in metrics.each("http_request_duration_seconds"):
        duration_s += histogram.snapshot()[1] if isinstance(histogram, Histogram) else 0.0
    mean_s = round(duration_s / total, 6) if total else None
    return {"http_requests": {"total": total, "success": success, "error": error, "mean_duration_s": mean_s}}


def _count(instrument: Instrument) -> float:
    return instrument.tally.count if isinstance(instrument, Counter) else 0.0
