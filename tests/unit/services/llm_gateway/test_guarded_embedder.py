"""The circuit breaker before the local embedding model."""

import pytest

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.breaker import Breaker, BreakerSettings
from wattos_platform.services.llm_gateway.adapters.minilm.embedding_queue import EmbeddingsBusyError
from wattos_platform.services.llm_gateway.adapters.minilm.guarded_embedder import WORKER, GuardedEmbedder
from wattos_platform.services.llm_gateway.ports import Embeddings

VECTORS = Embeddings(b"\0" * 8, 2, [1])


class Model:
    """An embedder that answers what it is given; an error is raised."""

    def __init__(self) -> None:
        self.answer: Embeddings | ServiceError = VECTORS
        self.calls = 0

    async def embed(self, texts: object) -> Embeddings:
        self.calls += 1
        if isinstance(self.answer, ServiceError):
            raise self.answer
        return self.answer


@pytest.fixture
def model():
    return Model()


@pytest.fixture
def breaker(clock):
    return Breaker(WORKER, BreakerSettings(jitter=0).nearby(), clock)


@pytest.fixture
def guarded(model, breaker):
    return GuardedEmbedder(model, breaker)


async def refused(guarded):
    with pytest.raises(ServiceError) as error:
        await guarded.embed(["a"])
    return error.value


async def test_a_worker_that_keeps_failing_is_left_alone_for_a_moment(guarded, model, clock):
    model.answer = ServiceError(503, "embeddings_unavailable", "m")
    for _ in range(5):
        assert (await refused(guarded)).message == "m"
    error = await refused(guarded)
    assert (error.code, error.headers) == ("embeddings_unavailable", {"Retry-After": "5"})
    assert model.calls == 5
    model.answer = VECTORS
    clock.advance(5)
    assert await guarded.embed(["a"]) is VECTORS


async def test_a_full_queue_is_not_the_workers_failure(guarded, model, breaker):
    model.answer = EmbeddingsBusyError()
    for _ in range(20):
        assert (await refused(guarded)).code == "embeddings_busy"
    assert breaker.snapshot().calls == 0


async def test_the_operator_can_switch_it_off(guarded, model, breaker):
    breaker.trip(reason="drill", ttl_s=600)
    assert (await refused(guarded)).headers == {"Retry-After": "600"}
    assert model.calls == 0
