"""The tables of chat. Instants are seconds since the epoch."""

from sqlalchemy import (
    JSON,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(255), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("title", Text, nullable=False),
    Column("titled", Integer, nullable=False),  # 1 once somebody named it, so that no question renames it
    Column("knowledge_space_id", String(255)),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Index("conversations_of_owner", "tenant", "user_id", "updated_at", "id"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("role", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("content", Text, nullable=False),
    Column("model", String(255)),
    Column("citations", JSON, nullable=False),
    Column("degraded", JSON, nullable=False),
    Column("usage", JSON, nullable=False),
    Column("finish_reason", String(64)),
    Column("error_code", String(64)),
    Column("error_message", Text),
    # Which process answers, and until when that is believed: a half answer of a dead process is found by it.
    Column("worker", String(128)),
    Column("lease_until", Float),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("conversation_id", "position"),
    Index("messages_being_answered", "lease_until"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("message_id", ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("rating", String(16), nullable=False),
    Column("comment", Text),
    Column("created_at", Float, nullable=False),
)

request_keys = Table(
    "request_keys",
    metadata,
    Column("tenant", String(255), primary_key=True),
    Column("user_id", String(255), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("conversation_id", ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("question_id", String(36)),
    Column("answer_id", String(36)),
    Column("created_at", Float, nullable=False),
    Index("request_keys_by_age", "created_at"),
    Index("request_keys_of_conversation", "conversation_id"),
)
