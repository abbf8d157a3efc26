"""The tool `retrieval`: a search in the run's knowledge space."""

from collections.abc import Mapping
from typing import Any

from wattos_platform.contracts.chat import Passage
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.hops import HopClient
from wattos_platform.kernel.hops.errors import malformed
from wattos_platform.kernel.resilience.degrade import Degradation
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

    def __init__(self, hop: HopClient, rag: Degradation) -> None:
        self._hop = hop
        self._rag = rag

    async def call(self, run: Run, call: ToolCall) -> StepResult:
        """Search; what fails is a result with a failure, marked `rag` if that is down."""
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
        use = self._rag.without()
        try:
            with use:
                return _result(await self._hop.json("POST", "/api/v1/search", body, timeout_s=TIMEOUT_S))
        except ServiceError as error:
            return _failed(error.code, error.message)
        return StepResult({"degraded": list(use.degraded)}, failure=_failure_of(use.error))


def _result(answer: Any) -> StepResult:
    try:
        found = [Passage.model_validate(result).model_dump() for result in answer["results"]]
        degraded = [str(name) for name in answer.get("degraded") or ()]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # pydantic's ValidationError is a ValueError.
        raise malformed("rag", "search result") from error
    return StepResult({"passages": found, "degraded": degraded})


def _failure_of(error: Exception | None) -> Failure:
    if isinstance(error, ServiceError):
        return Failure(error.code, error.message)
    return Failure("upstream_unavailable", "rag could not be asked.")


def _failed(code: str, message: str) -> StepResult:
    return StepResult(failure=Failure(code, message))
