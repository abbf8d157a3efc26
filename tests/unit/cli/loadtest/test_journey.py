"""What journeys are written in."""

from typing import Any

from wattos_cli.loadtest.journey import Answer, Journey, task, tasks


class Walk(Journey):
    @task(3)
    async def step(self) -> None:
        """Step."""

    async def rest(self) -> None:
        """Rest."""

    @task(1)
    async def look(self) -> None:
        """Look."""


class LongWalk(Walk):
    @task(5)
    async def step(self) -> None:
        """Step far."""


def test_tasks_are_found_with_their_weights_the_nearest_class_deciding() -> None:
    found: dict[str, Any] = tasks(Walk)
    assert found == {"step": 3, "look": 1}
    assert tasks(LongWalk) == {"step": 5, "look": 1}


def test_an_answer_is_read_as_json() -> None:
    assert Answer(200, {}, b'{"a": [1]}').json() == {"a": [1]}
