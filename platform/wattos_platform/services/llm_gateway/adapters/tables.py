"""The model gateway's own tables; the migrations under `migrations/versions` make exactly this.

Costs are whole pico-dollars (10^-12 USD): sums stay exact in SQL, and 2^63 of them are nine million dollars.
"""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

llm_calls = Table(
    "llm_calls",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("at", Float, nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("user", String(128), nullable=False),
    Column("request_id", String(128), nullable=False),
    Column("operation", String(32), nullable=False),
    Column("requested_model", String(256), nullable=False),
    Column("provider", String(64), nullable=False),
    Column("model", String(256), nullable=False),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("cached_tokens", Integer, nullable=False),
    Column("reasoning_tokens", Integer, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Column("cost_pico_usd", BigInteger),
    Column("latency_ms", Float, nullable=False),
    Column("first_token_ms", Float),
    Column("outcome", String(16), nullable=False),
    Column("error_type", String(32), nullable=False),
    Column("stream", Boolean, nullable=False),
    Column("cache_write_tokens", Integer, nullable=False, server_default="0"),
    Column("cache_write_1h_tokens", Integer, nullable=False, server_default="0"),
    Index("ix_llm_calls_tenant_at", "tenant", "at"),
    Index("ix_llm_calls_at", "at"),
)

# Streams under way, each as the row that it would be: what they used is known even if nobody ends them.
llm_streams = Table(
    "llm_streams",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("replica", Integer, nullable=False),
    Column("call", Text, nullable=False),
)
