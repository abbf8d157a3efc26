"""What every endpoint of chat asks first: whose request, and is what it names theirs."""

from wattos_platform.kernel.context import identity
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.services.chat.domain.records import Conversation, Owner


def owner() -> Owner:
    """Return whose request this is; ServiceError 401 without an identity."""
    caller = identity()
    return Owner(caller.tenant, caller.user)


def existing(conversation: Conversation | None) -> Conversation:
    """Return `conversation`; ServiceError 404 for None, whether it is another's or never was."""
    if conversation is None:
        raise conversation_not_found()
    return conversation


def conversation_not_found() -> ServiceError:
    """Return the answer to an id that the caller has no conversation for."""
    return ServiceError(404, "conversation_not_found", "There is no such conversation.")


def message_not_found() -> ServiceError:
    """Return the answer to an id that the caller has no message for."""
    return ServiceError(404, "message_not_found", "There is no such message.")
