"""Matrices follow the database: what a search finds is what a plain loop over the rows would find."""

import random

import numpy as np
import pytest

from wattos_platform.services.rag.adapters.matrices import Matrices
from wattos_platform.services.rag.domain.chunk import Chunking
from wattos_platform.services.rag.domain.records import Space
from wattos_platform.services.rag.ports import VectorsUnusableError

DIMENSION = 8


class FakeVectors:
    """A vector store in a dictionary; pages are short, so that several are needed."""

    def __init__(self) -> None:
        self.rows: dict[int, bytes] = {}
        self.pages = 0

    async def keys(self, _space):
        return sorted(self.rows)

    async def page(self, _space, after):
        self.pages += 1
        return [(key, self.rows[key]) for key in sorted(self.rows) if key > after][:7]


def space(key: int, version: int, dimension: int = DIMENSION) -> Space:
    return Space(key, "s", "t", "n", "", Chunking(), (), version, "m", dimension, 0.0)


def unit(rng: random.Random) -> bytes:
    vector = np.asarray([rng.gauss(0, 1) for _ in range(DIMENSION)], dtype="<f4")
    return (vector / np.linalg.norm(vector)).tobytes()


def brute(store: FakeVectors, query: bytes, count: int, allowed=None) -> list[int]:
    vector = np.frombuffer(query, dtype="<f4")
    cosines = {
        key: float(np.frombuffer(row, dtype="<f4") @ vector)
        for key, row in store.rows.items()
        if allowed is None or key in allowed
    }
    return sorted(cosines, key=lambda key: -cosines[key])[:count]


@pytest.fixture
def store():
    return FakeVectors()


@pytest.fixture
def matrices(store, tmp_path):
    made = Matrices(store, tmp_path / "vectors")
    yield made
    made.close()


@pytest.mark.parametrize("seed", range(4))
async def test_matrix_follows_additions_and_removals(store, matrices, seed):
    rng = random.Random(seed)
    last = 0
    for version in range(1, 25):
        for _ in range(rng.randrange(12)):
            last += 1
            store.rows[last] = unit(rng)
        for key in rng.sample(sorted(store.rows), k=rng.randrange(len(store.rows) // 2 + 1)):
            del store.rows[key]
        query = unit(rng)

        found = await matrices.search(space(1, version), query, 5, None, ())

        assert set(found) == set(brute(store, query, 5))


async def test_only_allowed_chunks_answer_and_asked_ones_are_always_scored(store, matrices):
    rng = random.Random(1)
    store.rows = {key: unit(rng) for key in range(1, 40)}
    query = unit(rng)

    found = await matrices.search(space(1, 1), query, 3, [5, 6, 7, 8, 99], [20, 77])

    assert set(found) == {*brute(store, query, 3, {5, 6, 7, 8}), 20}


async def test_unchanged_space_is_not_read_again(store, matrices):
    rng = random.Random(1)
    store.rows = {key: unit(rng) for key in range(1, 20)}
    await matrices.search(space(1, 1), unit(rng), 3, None, ())
    pages = store.pages

    await matrices.search(space(1, 1), unit(rng), 3, None, ())
    store.rows[50] = unit(rng)
    await matrices.search(space(1, 2), store.rows[50], 1, None, ())

    assert store.pages == pages + 1


async def test_query_of_another_dimension_is_refused(store, matrices):
    store.rows = {1: unit(random.Random(1))}

    with pytest.raises(VectorsUnusableError, match="dimensions"):
        await matrices.search(space(1, 1), b"\x00" * 4 * (DIMENSION + 1), 3, None, ())


async def test_held_matrices_are_bounded(store, tmp_path):
    matrices = Matrices(store, tmp_path, max_spaces=2)
    store.rows = {1: unit(random.Random(1))}

    for key in range(5):
        assert await matrices.search(space(key, 1), store.rows[1], 3, None, ()) == {1: pytest.approx(1)}

    assert len(matrices._held) == 2
    matrices.close()


async def test_files_leave_no_name_behind(store, matrices, tmp_path):
    store.rows = {1: unit(random.Random(1))}
    await matrices.search(space(1, 1), store.rows[1], 3, None, ())

    assert list((tmp_path / "vectors").iterdir()) == []
