"""The journal of streams under way, in memory; passes the same contract suite as the database's."""

from collections.abc import Sequence

from tests.fakes.llm.usage_reports import FakeUsageLog
from wattos_platform.services.llm_gateway.ports import CallRecord


class FakeStreamJournal:
    """`kept` is what lies in it, `writes` how often it was written; `problem` is raised while it is set."""

    def __init__(self, rows: FakeUsageLog | None = None) -> None:
        self.rows = rows or FakeUsageLog()
        self.kept: list[CallRecord] = []
        self.writes = 0
        self.problem: Exception | None = None

    async def replace(self, calls: Sequence[CallRecord], /) -> None:
        self._check()
        self.kept = list(calls)
        self.writes += 1

    async def recover(self) -> int:
        self._check()
        known = {call.id for call in self.rows.calls}
        lost = [call for call in self.kept if call.id not in known]
        self.rows.calls += lost
        self.kept = []
        return len(lost)

    def _check(self) -> None:
        if self.problem is not None:
            raise self.problem
