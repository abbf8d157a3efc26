"""Alerts about work that waits to be written or prepared."""

from wattos_cli.alerting.alert import Alert, Case, Fired, Scene, Severity

_TEAM = "platform"
_WRITES = 'db_write_queue_length{job="chat",instance="chat-0"}'
_JOBS = 'rag_jobs_queued{job="rag",instance="rag-0"}'
_DONE = 'rag_documents_total{job="rag",instance="rag-0",status="ready"}'
_DROPPED = 'db_rows_dropped_total{job="llm-gateway",instance="llm-gateway-0"}'


def _writes(scene: Scene) -> str:
    return f"max by (job, instance) (db_write_queue_length) > {scene.thresholds.write_queue_length:g}"


def _ingestion(scene: Scene) -> str:
    from wattos_cli.alerting.windows import promql_span

    span = promql_span(scene.thresholds.queue_age_s / scene.time_scale)
    return (
        f"max by (job) (min_over_time(rag_jobs_queued[{span}])) > 0\n"
        f"unless sum by (job) (increase(rag_documents_total[{span}])) > 0"
    )


def _dropped(scene: Scene) -> str:
    return f"sum by (job) (increase(db_rows_dropped_total[{scene.span('15m')}])) > 0"


ALERTS: tuple[Alert, ...] = (
    Alert(
        "WriteQueueLong",
        Severity.WARNING,
        _TEAM,
        _writes,
        summary="The database of {{ $labels.instance }} cannot keep up",
        description="{{ $value | humanize }} units of work wait for the writer of {{ $labels.instance }}.",
        board="wattos-storage",
        for_="2m",
        fires=(
            Case(
                "a long queue",
                {_WRITES: "0x4 900x40"},
                "8m",
                [Fired({"job": "chat", "instance": "chat-0"}, "900")],
            ),
        ),
        silent=(Case("a short peak", {_WRITES: "0x4 900x4 20x40"}, "8m"),),
    ),
    Alert(
        "IngestionStuck",
        Severity.WARNING,
        _TEAM,
        _ingestion,
        summary="Documents wait and none is finished",
        description="{{ $value | humanize }} documents or more have waited, and none was finished meanwhile.",
        board="wattos-rag",
        for_="5m",
        fires=(
            Case(
                "nothing is finished", {_JOBS: "0x4 3x80", _DONE: "7x90"}, "15m", [Fired({"job": "rag"}, "3")]
            ),
        ),
        silent=(
            Case("a long queue that moves", {_JOBS: "0x4 300x80", _DONE: "7+1x90"}, "15m"),
            Case("nothing waits", {_JOBS: "0x90", _DONE: "7x90"}, "15m"),
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
)
