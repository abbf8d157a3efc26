"""The tool `retrieval`: a search in the run's knowledge space."""

from collections.abc import Mapping
from typing import Any

from wattos_platform.contracts.chat import Passage
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.hops import HopClient
from wattos_platform.services.agent.domain.progress import RETRIEVAL, ToolCall
from wattos_platform.services.agent.domain.records import Failure, Run, StepResult

TOP_K = 5
TIMEOUT_S = 10.0
MAX_QUERY_CHARS = 2000


class RetrievalTool:
    """Implements Tool over rag's search; the space is the run's, never an argument of the model."""

    name = RETRIEVAL
    schema: Mapping[str, Any] = {
        "name": RETRIEVAL,
        "description": "Search the organisation's documents and return the passages that fit best.",
        "parameters": {
            "type": "object",
            "properties": {"query": {"type": "string", "description": "What to look for."}},
            "required": ["query"],
            "additionalProperties": False,
        },
    }

    def __init__(self, hop: HopClient) -> None:
        self._hop = hop

    async def call(self, run: Run, call: ToolCall) -> StepResult:
        """Search; what fails is a result with a failure."""
        query = call.arguments.get("query")
        if not isinstance(query, str) or not query.strip():
            return _failed("tool_arguments_invalid", "The tool 'retrieval' needs a text in 'query'.")
        if run.knowledge_space_id is None:
            return _failed("knowledge_space_missing", "This run has no knowledge space to search in.")
        body = {
            "knowledge_space_id": run.knowledge_space_id,
            "query": query[:MAX_QUERY_CHARS],
            "top_k": TOP_K,
        }
        try:
            answer = await self._hop.json("POST", "/api/v1/search", body, timeout_s=TIMEOUT_S)
            found = [Passage.model_validate(result).model_dump() for result in answer["results"]]
        except ServiceError as error:
            return _failed(error.code, error.message)
        except (ValueError, KeyError, TypeError):
            # pydantic's ValidationError is a ValueError.
            return _failed("upstream_malformed", "rag answered something that is no search result.")
        degraded = [str(name) for name in answer.get("degraded") or ()]
        return StepResult({"passages": found, "degraded": degraded})


def _failed(code: str, message: str) -> StepResult:
    return StepResult(failure=Failure(code, message))
