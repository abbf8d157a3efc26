"""Alerts about work that waits to be written or prepared."""

from wattos_cli.alerting.alert import Alert, Case, Fired, RuleContext, Severity

_TEAM = "platform"
_LENGTH = 'db_write_queue_length{job="chat",instance="chat-0"}'
_AGE = 'db_write_queue_age_seconds{job="chat",instance="chat-0"}'
_JOBS = 'rag_oldest_job_age_seconds{job="rag",instance="rag-0"}'
_DROPPED = 'db_rows_dropped_total{job="llm-gateway",instance="llm-gateway-0"}'
_REFUSED = 'metric_label_sets_refused_total{job="gateway",instance="gateway-0",family="http_requests_total"}'
_CHAT = {"job": "chat", "instance": "chat-0"}


def _length(context: RuleContext) -> str:
    return f"max by (job, instance) (db_write_queue_length) > {context.thresholds.write_queue_length:g}"


def _age(context: RuleContext) -> str:
    return f"max by (job, instance) (db_write_queue_age_seconds) > {context.thresholds.write_queue_age_s:g}"


def _ingestion(context: RuleContext) -> str:
    return f"max by (job) (rag_oldest_job_age_seconds) > {context.thresholds.queue_age_s:g}"


def _dropped(context: RuleContext) -> str:
    return f"sum by (job) (increase(db_rows_dropped_total[{context.span('15m')}])) > 0"


def _refused(context: RuleContext) -> str:
    return f"sum by (job, family) (increase(metric_label_sets_refused_total[{context.span('1h')}])) > 0"


ALERTS: tuple[Alert, ...] = (
    Alert(
        "WriteQueueLong",
        Severity.WARNING,
        _TEAM,
        _length,
        summary="The database of {{ $labels.instance }} has much to write",
        description="{{ $value | humanize }} units of work wait for the writer of {{ $labels.instance }}.",
        board="wattos-storage",
        for_="2m",
        fires=(Case("a long queue", {_LENGTH: "0x4 900x40"}, "8m", [Fired(_CHAT, "900")]),),
        silent=(
            Case("three hundred all the time", {_LENGTH: "300x40"}, "8m"),
            Case("a short peak", {_LENGTH: "0x4 900x4 20x40"}, "2m15s"),
        ),
    ),
    Alert(
        "WriteQueueOld",
        Severity.WARNING,
        _TEAM,
        _age,
        summary="The database of {{ $labels.instance }} does not write",
        description="The oldest unit of work of {{ $labels.instance }} has waited for "
        "{{ $value | humanizeDuration }}.",
        board="wattos-storage",
        for_="1m",
        fires=(Case("nothing is written", {_AGE: "0x4 15x40"}, "5m", [Fired(_CHAT, "15s")]),),
        silent=(
            Case("each waits for six seconds", {_AGE: "6x40"}, "5m"),
            Case("not yet as long as it waits", {_AGE: "0x4 15x40"}, "2m"),
        ),
    ),
    Alert(
        "IngestionBehind",
        Severity.WARNING,
        _TEAM,
        _ingestion,
        summary="Documents wait long to be ready for search",
        description="The oldest document has waited for {{ $value | humanizeDuration }}.",
        board="wattos-rag",
        for_="5m",
        fires=(
            Case("nothing is finished", {_JOBS: "0x4 15+15x80"}, "15m", [Fired({"job": "rag"}, "14m 0s")]),
        ),
        silent=(
            Case("a queue that moves", {_JOBS: "0x4 200x80"}, "15m"),
            Case("not yet as long as it waits", {_JOBS: "0x4 15+15x80"}, "10m"),
        ),
    ),
    Alert(
        "RowsDropped",
        Severity.WARNING,
        _TEAM,
        _dropped,
        summary="{{ $labels.job }} loses rows",
        description="{{ $value | humanize }} usage or audit rows were dropped within a quarter of an hour.",
        board="wattos-storage",
        fires=(Case("rows are lost", {_DROPPED: "0+1x120"}, "25m", [Fired({"job": "llm-gateway"}, "60")]),),
        silent=(Case("lost long ago", {_DROPPED: "4x120"}, "25m"),),
    ),
    Alert(
        "LabelSetsRefused",
        Severity.INFO,
        _TEAM,
        _refused,
        summary="{{ $labels.family }} of {{ $labels.job }} has too many label sets",
        description="{{ $value | humanize }} counts within an hour have lost their labels.",
        board="wattos-overview",
        fires=(
            Case(
                "new label sets all the time",
                {_REFUSED: "0+1x120"},
                "100m",
                [Fired({"job": "gateway", "family": "http_requests_total"}, "60")],
                "1m",
            ),
        ),
        silent=(Case("refused long ago", {_REFUSED: "4x120"}, "100m", every="1m"),),
    ),
)
