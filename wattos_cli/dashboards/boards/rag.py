"""Retrieval: documents on their way in, searches, and what embeddings wait for."""

from wattos_cli.dashboards.boards import names
from wattos_cli.dashboards.boards.parts import (
    graph,
    in_range,
    or_none,
    percentile,
    percentiles,
    rate,
    series,
    share,
    stat,
)
from wattos_cli.dashboards.model import Board, Limit, Query, Row

_DOCUMENTS, _SEARCHES = "rag_documents_total", "rag_searches_total"
_FAILED, _RAG = 'status="failed"', 'dependency=~"vector|embeddings"'
_LOOKUPS = 'job="rag", result=~"hit|stale|miss"'
_SHOW_DOCUMENTS = "wattos logs rag --where 'event =~ \"^(document|job)\"' --since 1h"
_SHOW_VECTORS = "wattos logs rag --where 'event =~ \"^dependency\"' --since 1h"

_NOW = Row(
    "Now",
    (
        stat("Searches", "Searches a second.", "ops", Query(or_none(rate(_SEARCHES)), "searches"), width=6),
        stat(
            "Jobs queued",
            "Documents that wait to be read, cut and embedded.",
            "none",
            Query(f"sum({series('rag_jobs_queued')})", "jobs"),
            width=6,
            logs=_SHOW_DOCUMENTS,
        ),
        stat(
            "Documents failed",
            "Documents in the time shown that could not be taken in.",
            "none",
            Query(
                in_range(_DOCUMENTS, _FAILED),
                "documents",
            ),
            limits=(Limit(1),),
            width=6,
            logs="wattos logs rag --where 'event = \"document.refused\"' --since 1h",
        ),
        stat(
            "Without embeddings",
            "Answers of the service in the time shown that did without a dependency.",
            "none",
            Query(in_range("degraded_total", _RAG), "answers"),
            limits=(Limit(1, "yellow"),),
            width=6,
            logs=_SHOW_VECTORS,
        ),
    ),
)
_SEARCHING = Row(
    "Searching",
    (
        graph(
            "Searches by mode",
            "Searches a second.",
            "ops",
            Query(or_none(rate(_SEARCHES, "mode")), "{{mode}}"),
            width=6,
        ),
        graph(
            "Latency of searches",
            "Half, 95 and 99 of 100 searches are answered within these times, from the cache too.",
            "s",
            *percentiles("http_request_duration_seconds", where='route=~".*search"'),
            width=6,
            logs="wattos logs rag --where 'route =~ \"search\"' --since 15m --stats duration_ms",
        ),
        graph(
            "Searches from the cache",
            "Share of look-ups that the cache answered.",
            "percentunit",
            Query(share("cache_operations_total", "cache", of=_LOOKUPS, where='result="hit"'), "{{cache}}"),
            width=6,
            see=(names.STORAGE,),
        ),
        graph(
            "Searches that looked, p95",
            "95 of 100 searches that the cache did not answer take no longer, by how they looked.",
            "s",
            Query(
                percentile(0.95, "rag_search_duration_seconds", "retrieval"),
                "{{retrieval}}",
                empty="the cache answers every search",
            ),
            width=6,
        ),
    ),
)
_INGESTION = Row(
    "Documents",
    (
        graph(
            "Documents",
            "Documents a second that ended ready or failed.",
            "ops",
            Query(or_none(rate(_DOCUMENTS, "status")), "{{status}}"),
            width=6,
            logs=_SHOW_DOCUMENTS,
        ),
        graph(
            "Queue",
            "Ingestion jobs that wait, by replica.",
            "none",
            Query(f"sum by (instance) ({series('rag_jobs_queued')})", "{{instance}}"),
            width=6,
            logs=_SHOW_DOCUMENTS,
        ),
        graph(
            "Oldest job",
            "How long the oldest ingestion job has waited; 0 when none does.",
            "s",
            Query(f"max by (instance) ({series('rag_oldest_job_age_seconds')})", "{{instance}}"),
            width=6,
            objective="queue_age_s",
            logs=_SHOW_DOCUMENTS,
        ),
        graph(
            "Embedding calls",
            "Calls a second for embeddings, by how they ended.",
            "ops",
            Query(or_none(rate("llm_calls_total", "outcome", where='operation="embeddings"')), "{{outcome}}"),
            width=6,
            see=(names.LLM,),
        ),
    ),
)

BOARD = Board(
    names.RAG,
    names.TITLES[names.RAG],
    "Documents on their way in, searches and their latency, and what embeddings wait for.",
    (_NOW, _SEARCHING, _INGESTION),
)
