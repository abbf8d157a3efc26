"""Tokens written to a provider's cache, which cost more than others; reports over all tenants."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for name in ("cache_write_tokens", "cache_write_1h_tokens"):
        op.add_column("llm_calls", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    op.create_index("ix_llm_calls_at", "llm_calls", ["at"])
