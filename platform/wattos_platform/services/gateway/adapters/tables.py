"""The gateway's own tables; the migrations under `migrations/versions` make exactly these."""

from sqlalchemy import Column, Float, Index, Integer, MetaData, String, Table

metadata = MetaData()

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("fingerprint", String(64), unique=True),
    Column("tenant", String(64), nullable=False),
    Column("user", String(128), nullable=False),
    Column("role", String(32), nullable=False),
    Column("per_minute", Integer),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False, index=True),
    Column("revoked_at", Float),
)

revoked_tokens = Table(
    "revoked_tokens",
    metadata,
    Column("jti", String(128), primary_key=True),
    Column("expires_at", Float, nullable=False, index=True),
    Column("revoked_at", Float, nullable=False),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("user", String(128), nullable=False),
    Column("credential_id", String(128), nullable=False),
    Column("method", String(16), nullable=False),
    Column("route", String(256), nullable=False),
    Column("status", Integer, nullable=False),
    Column("duration_ms", Float, nullable=False),
    Column("request_id", String(128), nullable=False),
    Index("ix_audit_log_tenant_id", "tenant", "id"),
)
