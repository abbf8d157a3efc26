"""What the model gateway needs of the world: providers, an embedder, a place for usage rows."""

from array import array
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer, Chunk
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.configured import UpstreamSettings
from wattos_platform.services.llm_gateway.domain.embedding_request import EmbeddingRequest
from wattos_platform.services.llm_gateway.domain.usage_query import UsageQuery
from wattos_platform.services.llm_gateway.domain.wire import Usage


@dataclass(frozen=True, slots=True)
class Embeddings:
    """One vector per text as float32 rows in `data`, and the tokens of each text."""

    data: bytes
    width: int
    tokens: Sequence[int]

    def row(self, number: int) -> "array[float]":
        """Return one vector."""
        size = 4 * self.width
        return array("f", self.data[number * size : (number + 1) * size])


class Embedder(Protocol):
    """Turns texts into vectors. Raises ServiceError 503 when it cannot, now or at all."""

    async def embed(self, texts: Sequence[str], /) -> Embeddings:
        """Return the vectors of `texts` in their order."""


class Provider(Protocol):
    """One place that answers chat requests. Each method raises ProviderFailure and nothing else."""

    @property
    def name(self) -> str:
        """Return the name under which configuration, breakers and rows know it."""

    def unsupported(self, request: ChatRequest, /) -> str | None:
        """Return the field of `request` that this provider cannot honour, None if it can do all."""

    async def complete(self, model: str, request: ChatRequest) -> ChatAnswer:
        """Return a whole answer in OpenAI's shape."""

    def stream(self, model: str, request: ChatRequest) -> AsyncIterator[Sequence[Chunk]]:
        """Yield the chunks of an answer in OpenAI's shape, the usage among them where it is known.

        Those that arrived together come together; a sequence is never empty.
        """

    async def embed(self, model: str, request: EmbeddingRequest, /) -> dict[str, Any]:
        """Return an embeddings answer in OpenAI's shape."""

    async def list_models(self) -> tuple[str, ...]:
        """Return the ids of the models it serves; costs nothing."""


class Upstreams(Protocol):
    """Makes providers of what is configured, and keeps them as long as their settings stay the same."""

    def of(self, wanted: Sequence[UpstreamSettings], /) -> dict[str, Provider]:
        """Return the providers of `wanted` by name, made where there is none yet."""

    def keep_only(self, wanted: Mapping[str, Provider], /) -> None:
        """Use only `wanted` from now on; the others finish the calls they have begun."""


class CallRecord(msgspec.Struct, frozen=True, gc=False):
    """One call to one provider, as it is stored. `cost_pico_usd` is None where the price is not known."""

    id: str
    at: float
    tenant: str
    user: str
    request_id: str
    operation: str
    requested_model: str
    provider: str
    model: str
    usage: Usage
    cost_pico_usd: int | None
    latency_ms: float
    first_token_ms: float | None
    outcome: str
    error_type: str
    stream: bool


class UsageLog(Protocol):
    """Keeps the rows of calls."""

    def record(self, call: CallRecord) -> None:
        """Store `call` soon; never fails and never waits."""

    async def purge(self, before: float, most: int) -> int:
        """Delete up to `most` rows of calls before this instant (epoch seconds) and return how many went."""


@dataclass(frozen=True, slots=True)
class UsageSums:
    """What was used in a period, exactly, whatever the number of rows.

    Each row of `rows` (the dearest first, days in their order) and `totals` have the columns SUMMED, costs in
    whole pico-dollars; rows have those of their grouping beside. `left_off` rows more exist. `unpriced` are
    provider, model and calls of what has no price, the most frequent first.
    """

    rows: Sequence[Mapping[str, Any]]
    totals: Mapping[str, int]
    unpriced: Sequence[Mapping[str, Any]] = ()
    left_off: int = 0


class StreamJournal(Protocol):
    """Keeps what streams under way have used so far. DatabaseUnavailableError where it cannot."""

    async def replace(self, calls: Sequence[CallRecord], /) -> None:
        """Keep exactly `calls`, in place of all that were kept."""

    async def recover(self) -> int:
        """Make rows of the calls that an earlier process left and did not end; return how many."""


class UsageReports(Protocol):
    """Sums up the rows of calls."""

    async def sums(self, asked: UsageQuery) -> UsageSums:
        """Return the sums of the calls that `asked` means."""
