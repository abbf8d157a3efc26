"""What callers of chat see of its records."""

from typing import Any

from wattos_platform.kernel.timestamps import rfc3339
from wattos_platform.services.chat.domain.records import Conversation, Feedback, Message, Outcome, Source


def conversation_view(conversation: Conversation) -> dict[str, Any]:
    """Return a conversation as JSON."""
    return {
        "id": conversation.id,
        "title": conversation.title,
        "knowledge_space_id": conversation.knowledge_space_id,
        "created_at": rfc3339(conversation.created_at),
        "updated_at": rfc3339(conversation.updated_at),
    }


def citation_view(source: Source) -> dict[str, Any]:
    """Return a citation as contracts.chat.Citation has it."""
    return {
        "document": source.document,
        "document_id": source.document_id,
        "start": source.start,
        "end": source.end,
        "score": source.score,
        "text": source.text,
    }


def answer_view(message_id: str, outcome: Outcome) -> dict[str, Any]:
    """Return a complete answer as JSON."""
    return {
        "id": message_id,
        "content": outcome.content,
        "model": outcome.model,
        "citations": [citation_view(source) for source in outcome.citations],
        "degraded": list(outcome.degraded),
        "usage": outcome.usage,
        "finish_reason": outcome.finish_reason,
    }


def message_view(message: Message) -> dict[str, Any]:
    """Return a message as JSON; `error` says why an answer was aborted or failed."""
    outcome = message.outcome
    error = None
    if outcome.error_code is not None:
        error = {"code": outcome.error_code, "message": outcome.error_message}
    return {
        **answer_view(message.id, outcome),
        "conversation_id": message.conversation_id,
        "role": str(message.role),
        "status": str(outcome.status),
        "error": error,
        "feedback": None if message.feedback is None else feedback_view(message.id, message.feedback),
        "created_at": rfc3339(message.created_at),
    }


def feedback_view(message_id: str, feedback: Feedback) -> dict[str, Any]:
    """Return a rating as JSON."""
    return {
        "message_id": message_id,
        "rating": feedback.rating,
        "comment": feedback.comment,
        "created_at": rfc3339(feedback.created_at),
    }
