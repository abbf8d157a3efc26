"""What fails in chat's upkeep is told and tried again; a stack tells of what is no outage."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.meter import FakeLog
from wattos_platform.kernel.db.errors import DatabaseUnavailableError
from wattos_platform.services.chat.housekeeping import Housekeeping


class Messages:
    """A store that answers with `problem` while it is set."""

    def __init__(self, problem: Exception | None) -> None:
        self.problem = problem
        self.kept: list[dict[Any, str]] = []

    async def checkpoint(self, texts: dict[Any, str]) -> None:
        if self.problem is not None:
            raise self.problem
        self.kept.append(texts)


@pytest.mark.parametrize(
    ("problem", "has_stack"), [(DatabaseUnavailableError("is locked"), False), (KeyError("id"), True)]
)
async def test_what_fails_is_told_and_tried_again(problem: Exception, has_stack: bool) -> None:
    log, messages, answers = FakeLog(), Messages(problem), SimpleNamespace(live={})
    housekeeping = Housekeeping(answers, messages, log, FakeClock())
    await housekeeping.tick(1)
    messages.problem = None
    await housekeeping.tick(1)
    ((level, event, fields),) = log.events
    assert (level, event, messages.kept) == ("warning", "upkeep.failed", [{}])
    assert fields["exc_info"] is (problem if has_stack else None)
