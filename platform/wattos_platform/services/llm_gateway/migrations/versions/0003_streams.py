"""Streams under way, of which a killed process leaves what they have used."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "llm_streams",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("replica", sa.Integer, nullable=False),
        sa.Column("call", sa.Text, nullable=False),
    )
