"""Rate, errors and duration of each service and route, and what a process says of itself."""

from wattos_cli.alerting.sli import USERS
from wattos_cli.dashboards.boards import names, red
from wattos_cli.dashboards.boards.parts import graph, or_none, percentile, percentiles, rate, series
from wattos_cli.dashboards.model import Board, Limit, Query, Row

_COUNT, _TIME = "http_requests_total", "http_request_duration_seconds"

_RATE = Row(
    "Rate",
    (
        red.requests_by_service(),
        graph(
            "Requests by route",
            "The ten routes that are asked most, in requests a second.",
            "reqps",
            Query(
                f"topk(10, {rate(_COUNT, 'job', 'method', 'route', where=USERS)})",
                "{{job}} {{method}} {{route}}",
            ),
        ),
        graph(
            "In flight",
            "Requests being answered, open streams too.",
            "none",
            Query(f"sum by (job) ({series('http_requests_in_flight')})", "{{job}}"),
            see=(names.RESILIENCE,),
        ),
    ),
)
_ERRORS = Row(
    "Errors",
    (
        red.failed_by_service(),
        graph(
            "By status",
            "Answers a second with a status of 400 or above.",
            "reqps",
            Query(or_none(rate(_COUNT, "job", "status", where='status=~"[45].."')), "{{job}} {{status}}"),
            logs="wattos logs --where 'status >= 400' --since 15m --count-by status",
        ),
        graph(
            "By fault domain",
            "Answers a second that failed, by whose fault it was: caller, policy, provider or platform.",
            "reqps",
            Query(or_none(rate(_COUNT, "error_type", where='error_type!=""')), "{{error_type}}"),
            logs="wattos logs --where 'error.type exists' --since 15m --count-by error.type",
        ),
    ),
)
_CALLERS = Row(
    "Callers and calls between services",
    (
        graph(
            "Credentials refused",
            "Requests a second at the gateway whose credentials were refused, by reason.",
            "reqps",
            Query(or_none(rate("auth_refusals_total", "reason")), "{{reason}}"),
            limits=(Limit(1, "yellow"), Limit(10)),
            logs="wattos logs gateway --where 'status = 401' --since 15m",
        ),
        graph(
            "Calls between services, p95",
            "95 of 100 answers of another service begin within this time.",
            "s",
            Query(percentile(0.95, "hop_duration_seconds", "job", "target"), "{{job}} → {{target}}"),
            see=(names.RESILIENCE,),
        ),
        graph(
            "Failed calls between services",
            "Calls a second to another service that failed.",
            "ops",
            Query(
                or_none(rate("hop_duration_seconds_count", "job", "target", where='outcome="failure"')),
                "{{job}} → {{target}}",
            ),
            logs="wattos logs --level warning --since 15m",
            see=(names.RESILIENCE,),
        ),
    ),
)
_DURATION = Row(
    "Duration",
    (
        red.latency_by_service(),
        graph(
            "Latency of all",
            "Half, 95 and 99 of 100 requests are answered within these times.",
            "s",
            *percentiles(_TIME, where=USERS),
            logs="wattos logs gateway --since 15m --stats duration_ms",
        ),
        graph(
            "Slowest routes, p95",
            "The ten routes with the longest p95.",
            "s",
            Query(
                f"topk(10, {percentile(0.95, _TIME, 'job', 'method', 'route', where=USERS)})",
                "{{job}} {{method}} {{route}}",
            ),
            logs="wattos logs --where 'duration_ms > 2000' --since 15m --count-by route",
        ),
    ),
)
_PROCESS = Row(
    "Process",
    (
        graph(
            "Warnings and errors logged",
            "Lines a second, access lines aside.",
            "ops",
            Query(
                or_none(rate("log_lines_total", "job", "level", where='level=~"warning|error|critical"')),
                "{{job}} {{level}}",
            ),
            width=6,
            logs="wattos logs --level warning --since 15m --count-by event",
        ),
        graph(
            "Connections refused",
            "Connections a second that were turned away because there were too many.",
            "ops",
            Query(rate("http_connections_refused_total", "job"), "{{job}}"),
            width=6,
            limits=(Limit(1),),
        ),
        graph(
            "Replicas by version",
            "How many replicas run which version.",
            "none",
            Query(f"count by (job, version) ({series('build_info')})", "{{job}} {{version}}"),
            width=6,
        ),
        graph(
            "Counted as other",
            "Counts a second that lost their labels, because a metric had too many or a value is unknown.",
            "ops",
            Query(or_none(rate("metric_label_sets_refused_total", "job", "family")), "{{job}} {{family}}"),
            width=6,
            limits=(Limit(0.1, "yellow"),),
        ),
    ),
)

BOARD = Board(
    names.SERVICES,
    names.TITLES[names.SERVICES],
    "Rate, errors and duration of every service and route.",
    (_RATE, _ERRORS, _DURATION, _CALLERS, _PROCESS),
)
