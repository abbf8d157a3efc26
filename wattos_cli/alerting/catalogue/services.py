"""Alerts about services as their callers see them: there, right, quick."""

from wattos_cli.alerting.alert import Alert, Case, Fired, RuleContext, Severity
from wattos_cli.alerting.sli import USERS

_TEAM = "platform"
# Answers that wait for a model or for a document of any size have objectives of their own.
_QUICK = 'route!~"/health.*|/metrics|/admin/.*|/v1/.*|.*/messages|.*/events|.*/documents"'
_OK = 'http_requests_total{job="chat",instance="chat-0",route="/api/v1/conversations",status="200"}'
_BAD = 'http_requests_total{job="chat",instance="chat-0",route="/api/v1/conversations",status="500"}'
_PROBE = 'http_requests_total{job="chat",instance="chat-0",route="/health/readiness",status="503"}'


def _service_down(_scene: RuleContext) -> str:
    # What crashed stays a target, and is down; what was stopped is none any more, and nobody misses it.
    return "max by (job) (up) == 0"


def _replica_down(_scene: RuleContext) -> str:
    return "up == 0 and on (job) max by (job) (up) == 1"


def _high_error_rate(context: RuleContext) -> str:
    span, limits = context.span("5m"), context.thresholds
    return (
        f'sum by (job) (rate(http_requests_total{{{USERS},status=~"5.."}}[{span}]))\n'
        f"/ sum by (job) (rate(http_requests_total{{{USERS}}}[{span}])) > {limits.error_rate:g}\n"
        f"and sum by (job) (increase(http_requests_total{{{USERS}}}[{span}])) >= {limits.min_events}"
    )


def _high_response_time(context: RuleContext) -> str:
    span, limits = context.span("5m"), context.thresholds
    family = "http_request_duration_seconds"
    return (
        f"histogram_quantile(0.95, sum by (job, le) (rate({family}_bucket{{{_QUICK}}}[{span}])))"
        f" > {limits.response_time_p95_s:g}\n"
        f"and sum by (job) (increase({family}_count{{{_QUICK}}}[{span}])) >= {limits.min_events}"
    )


def _timed(route: str, fast: str, slow: str) -> dict[str, str]:
    """Return the buckets of requests within 0.5 s and within 2.5 s."""
    labels = f'job="rag",instance="rag-0",route="{route}"'
    return {
        f'http_request_duration_seconds_bucket{{{labels},le="0.5"}}': fast,
        f'http_request_duration_seconds_bucket{{{labels},le="2.5"}}': slow,
        f'http_request_duration_seconds_bucket{{{labels},le="+Inf"}}': slow,
        f"http_request_duration_seconds_count{{{labels}}}": slow,
    }


ALERTS: tuple[Alert, ...] = (
    Alert(
        "ServiceDown",
        Severity.CRITICAL,
        _TEAM,
        _service_down,
        summary="{{ $labels.job }} is down",
        description="No replica of {{ $labels.job }} answers.",
        board="wattos-overview",
        for_="1m",
        fires=(
            Case(
                "no replica answers",
                {'up{job="chat",instance="chat-0"}': "1x4 0x20", 'up{job="rag",instance="rag-0"}': "1x30"},
                "4m",
                [Fired({"job": "chat"})],
            ),
            Case(
                "one replica was stopped, the other does not answer",
                {
                    'up{job="llm-gateway",instance="llm-gateway-0"}': "1x4 stale _x20",
                    'up{job="llm-gateway",instance="llm-gateway-1"}': "1x4 0x20",
                },
                "4m",
                [Fired({"job": "llm-gateway"})],
            ),
        ),
        silent=(
            Case(
                "one replica of two answers",
                {
                    'up{job="chat",instance="chat-0"}': "1x4 0x20",
                    'up{job="chat",instance="chat-1"}': "1x30",
                },
                "4m",
            ),
            Case("down for half a minute", {'up{job="chat",instance="chat-0"}': "1x4 0x2 1x20"}, "1m45s"),
            Case("stopped on purpose", {'up{job="chat",instance="chat-0"}': "1x8 stale _x20"}, "5m"),
            Case("down, and then stopped", {'up{job="chat",instance="chat-0"}': "1x4 0x8 stale _x20"}, "5m"),
        ),
    ),
    Alert(
        "ReplicaDown",
        Severity.WARNING,
        _TEAM,
        _replica_down,
        summary="{{ $labels.instance }} is down",
        description="{{ $labels.instance }} does not answer; other replicas of {{ $labels.job }} do.",
        board="wattos-overview",
        for_="2m",
        fires=(
            Case(
                "one replica of two answers",
                {
                    'up{job="chat",instance="chat-0"}': "1x4 0x20",
                    'up{job="chat",instance="chat-1"}': "1x30",
                },
                "5m",
                [Fired({"job": "chat", "instance": "chat-0"})],
            ),
        ),
        silent=(
            Case("none answers, which is ServiceDown", {'up{job="chat",instance="chat-0"}': "0x30"}, "5m"),
            Case(
                "not yet as long as it waits",
                {
                    'up{job="chat",instance="chat-0"}': "1x4 0x20",
                    'up{job="chat",instance="chat-1"}': "1x30",
                },
                "2m30s",
            ),
        ),
    ),
    Alert(
        "HighErrorRate",
        Severity.WARNING,
        _TEAM,
        _high_error_rate,
        summary="{{ $labels.job }} answers with errors",
        description="{{ $value | humanizePercentage }} of the answers of {{ $labels.job }} are 5xx.",
        board="wattos-services",
        for_="5m",
        fires=(
            Case(
                "a tenth fails",
                {_OK: "0+1.8x80", _BAD: "0+0.2x80"},
                "15m",
                [Fired({"job": "chat"}, shown="10%")],
            ),
        ),
        silent=(
            Case("four in a hundred fail", {_OK: "0+96x80", _BAD: "0+4x80"}, "15m"),
            Case("everything fails, but hardly anybody asks", {_BAD: "0+0.75x80"}, "15m"),
            Case("not yet as long as it waits", {_OK: "0+1.8x80", _BAD: "0+0.2x80"}, "5m"),
            Case("only probes fail", {_OK: "0+9x80", _PROBE: "0+9x80"}, "15m"),
        ),
    ),
    Alert(
        "HighResponseTime",
        Severity.WARNING,
        _TEAM,
        _high_response_time,
        summary="{{ $labels.job }} is slow",
        description="The 95th percentile of {{ $labels.job }} is {{ $value | humanizeDuration }}.",
        board="wattos-services",
        for_="5m",
        fires=(
            Case(
                "a tenth of the searches takes up to 2.5 s",
                _timed("/api/v1/search", "0+1.8x80", "0+2x80"),
                "15m",
                [Fired({"job": "rag"}, shown="1.5s")],
            ),
        ),
        silent=(
            Case("nearly all take half a second", _timed("/api/v1/search", "0+98x80", "0+100x80"), "15m"),
            Case("all are slow, but hardly anybody asks", _timed("/x", "0x80", "0+0.75x80"), "15m"),
            Case("not yet as long as it waits", _timed("/x", "0+1.8x80", "0+2x80"), "5m"),
            Case("uploads may take long", _timed("/api/v1/x/documents", "0+1x80", "0+10x80"), "15m"),
        ),
    ),
)
