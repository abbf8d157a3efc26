"""Runs and their steps."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("tenant", sa.String(255), nullable=False),
        sa.Column("user_id", sa.String(255), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("input", sa.Text, nullable=False),
        sa.Column("knowledge_space_id", sa.String(255)),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("request_key", sa.String(255)),
        sa.Column("fingerprint", sa.String(64)),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("output", sa.Text),
        sa.Column("model", sa.String(255)),
        sa.Column("citations", sa.JSON, nullable=False),
        sa.Column("degraded", sa.JSON, nullable=False),
        sa.Column("unavailable_tools", sa.JSON, nullable=False),
        sa.Column("error_code", sa.String(64)),
        sa.Column("error_message", sa.Text),
        sa.Column("cost_usd", sa.String(40), nullable=False),
        sa.Column("prompt_tokens", sa.Integer, nullable=False),
        sa.Column("completion_tokens", sa.Integer, nullable=False),
        sa.Column("cancel_requested", sa.Integer, nullable=False),
        sa.Column("worker", sa.String(128)),
        sa.Column("lease_until", sa.Float),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("started_at", sa.Float),
        sa.Column("finished_at", sa.Float),
        sa.UniqueConstraint("tenant", "user_id", "request_key"),
    )
    op.create_index("runs_of_owner", "runs", ["tenant", "user_id", "created_at", "id"])
    op.create_index("runs_by_role", "runs", ["tenant", "role", "created_at"])
    op.create_index("runs_to_do", "runs", ["status", "created_at"])
    op.create_table(
        "steps",
        sa.Column("run_id", sa.String(36), sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("input", sa.JSON, nullable=False),
        sa.Column("output", sa.JSON),
        sa.Column("error_code", sa.String(64)),
        sa.Column("error_message", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("cost_usd", sa.String(40), nullable=False),
        sa.Column("prompt_tokens", sa.Integer, nullable=False),
        sa.Column("completion_tokens", sa.Integer, nullable=False),
        sa.Column("started_at", sa.Float, nullable=False),
        sa.Column("finished_at", sa.Float),
    )
