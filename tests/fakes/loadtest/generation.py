"""A load generator that never was: it hands over given intervals, one a second of the command's clock."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from tests.fakes.cli.deps import FakeTime
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.measuring.measured import Ending, Measured
from wattos_cli.loadtest.measuring.requests import Requests
from wattos_cli.loadtest.plan import Crew, Plan

NAME = "GET /x"
_YEAR_S = 365 * 86_400


def second(
    at: int, *latencies_ms: float, failures: int = 0, unanswered: int = 0, usd: float = 0.0
) -> Interval:
    """Return the second after `at` s with successful requests of these latencies, and failed ones."""
    requests = Requests(NAME, count=len(latencies_ms) + failures, failures=failures, unanswered=unanswered)
    for latency_ms in latencies_ms:
        requests.time("latency").add(latency_ms)
        requests.time("ttft").add(latency_ms / 2)
    if usd:
        requests.usd, requests.usd_known = usd, requests.count
    answered = requests.count - unanswered
    requests.statuses = {"200": answered} if answered else {}
    errors = {f"{NAME}: refused": failures} if failures else {}
    return Interval(
        float(at), 1.0, users=1, requests={NAME: requests} if requests.count else {}, errors=errors
    )


class FakeLoad:
    """Plays `intervals`; `breaks_off`: without an ending; `raises`: out of the poll of that second.

    Each of `workers` comes at its second; a plan's master begins when all that it expects are there.
    """

    def __init__(
        self,
        intervals: Sequence[Interval],
        *,
        saturated: Sequence[str] = (),
        breaks_off: bool = False,
        raises: tuple[int, BaseException] | None = None,
        time: FakeTime | None = None,
        workers: Sequence[int] = (),
    ) -> None:
        self.intervals = list(intervals)
        self.measured = Measured()
        self.stops = 0
        self.plan: Plan | None = None
        self._ending = None if breaks_off else Ending(float(len(intervals)), tuple(saturated))
        self._raises = raises
        self._time = time
        self._workers = list(workers)
        self._began_s: float | None = None
        self._taken = 0

    @contextmanager
    def start(self, plan: Plan, _environ: Mapping[str, str]) -> Iterator["FakeLoad"]:
        """Stand in for `generation.started`."""
        self.plan = plan
        try:
            yield self
        finally:
            self.stop()

    @property
    def running(self) -> bool:
        return not self.stops and self._taken < len(self.intervals)

    def poll(self) -> list[Interval]:
        due = len(self.intervals) if self.stops or self._time is None else self._seconds()
        if self._raises and due >= self._raises[0]:
            raised, self._raises = self._raises[1], None
            raise raised
        begins = self._awaited(due)
        found = self.intervals[self._taken : due - begins] if not self.stops and due >= begins else []
        self._taken += len(found)
        for interval in found:
            self.measured.add(interval)
        if not self.running:
            self.measured.ending = self._ending and Ending(float(self._taken), self._ending.saturated)
        return found

    def _awaited(self, now: int) -> int:
        """Note who has come, and return when the run begins; a year from now while workers are missing."""
        self.measured.workers = sum(at <= now for at in self._workers)
        crew = self.plan.crew if self.plan else Crew()
        missing = crew.role == "master" and self.measured.workers < crew.workers
        return now + _YEAR_S if missing else max(self._workers, default=0)

    def _seconds(self) -> int:
        assert self._time is not None
        self._began_s = self._time.now if self._began_s is None else self._began_s
        return int(self._time.now - self._began_s)

    def stop(self) -> None:
        self.stops += 1

    def result(self) -> Measured:
        self.poll()
        if not self.measured.intervals:
            raise WattosError("nothing was counted", exit_code=ExitCode.UNREACHABLE)
        return self.measured
