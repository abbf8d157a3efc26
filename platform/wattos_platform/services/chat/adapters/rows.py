"""From rows to records and back."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping, Select, select

from wattos_platform.services.chat.adapters.tables import feedback, messages
from wattos_platform.services.chat.domain.records import (
    Conversation,
    Feedback,
    Message,
    MessageStatus,
    Outcome,
    Owner,
    Role,
    Source,
)


def conversation_of(row: RowMapping) -> Conversation:
    """Return the conversation in a row of `conversations`."""
    return Conversation(
        id=row["id"],
        owner=Owner(row["tenant"], row["user_id"]),
        title=row["title"],
        knowledge_space_id=row["knowledge_space_id"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def select_messages() -> Select[Any]:
    """Return the query whose rows `message_of` understands."""
    rated = (feedback.c.rating, feedback.c.comment, feedback.c.created_at.label("rated_at"))
    return select(messages, *rated).select_from(
        messages.outerjoin(feedback, feedback.c.message_id == messages.c.id)
    )


def message_of(row: RowMapping) -> Message:
    """Return the message in a row of `select_messages`."""
    rating = row["rating"]
    return Message(
        id=row["id"],
        conversation_id=row["conversation_id"],
        position=row["position"],
        role=Role(row["role"]),
        created_at=row["created_at"],
        outcome=Outcome(
            status=MessageStatus(row["status"]),
            content=row["content"],
            model=row["model"],
            citations=tuple(Source(**source) for source in row["citations"]),
            degraded=tuple(row["degraded"]),
            usage=row["usage"],
            finish_reason=row["finish_reason"],
            error_code=row["error_code"],
            error_message=row["error_message"],
        ),
        feedback=None if rating is None else Feedback(rating, row["comment"], row["rated_at"]),
    )


def outcome_values(outcome: Outcome) -> dict[str, Any]:
    """Return the columns of `messages` that hold `outcome`."""
    return {
        "status": str(outcome.status),
        "content": outcome.content,
        "model": outcome.model,
        "citations": [asdict(source) for source in outcome.citations],
        "degraded": list(outcome.degraded),
        "usage": dict(outcome.usage),
        "finish_reason": outcome.finish_reason,
        "error_code": outcome.error_code,
        "error_message": outcome.error_message,
    }


def message_values(message: Message, lease: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the columns of a new row of `messages`."""
    return {
        "id": message.id,
        "conversation_id": message.conversation_id,
        "position": message.position,
        "role": str(message.role),
        "created_at": message.created_at,
        **outcome_values(message.outcome),
        **(lease or {}),
    }
