"""How callers speak to this gateway: one file or folder per dialect, all around the same chat request."""

from collections.abc import Mapping

from wattos_platform.services.llm_gateway.domain.dialects.chat import ChatDialect
from wattos_platform.services.llm_gateway.domain.dialects.completions import CompletionsDialect
from wattos_platform.services.llm_gateway.domain.dialects.dialect import Dialect
from wattos_platform.services.llm_gateway.domain.dialects.messages.dialect import MessagesDialect
from wattos_platform.services.llm_gateway.domain.dialects.responses.dialect import ResponsesDialect

# The path below /v1 of each dialect.
DIALECTS: Mapping[str, Dialect] = {
    "chat/completions": ChatDialect(),
    "responses": ResponsesDialect(),
    "messages": MessagesDialect(),
    "completions": CompletionsDialect(),
}
