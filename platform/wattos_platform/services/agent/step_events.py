"""A run as server-sent events: each step when it begins and when it ends, then `done` with the whole run."""

from collections.abc import AsyncIterator, Awaitable, Callable

from wattos_platform.kernel.sse import comment, event
from wattos_platform.services.agent.domain.records import Owner, StepStatus
from wattos_platform.services.agent.ports import RunStore
from wattos_platform.services.agent.views import run_view, step_view

POLL_S = 0.25
KEEP_ALIVE_POLLS = 40
"""Polls without news before a comment is sent: 10 s; a stream that is silent for 30 s is cut."""


async def step_events(
    runs: RunStore, owner: Owner, run_id: str, after: int, sleep: Callable[[float], Awaitable[object]]
) -> AsyncIterator[bytes]:
    """Yield the events of a run, beginning behind step `after`, until it has ended or is gone.

    An event bears an `id` once its step has ended, so that a client that comes back with `Last-Event-ID`
    misses nothing. Whoever works on the run may be another process, so the database is asked.
    """
    seen: dict[int, StepStatus] = {}
    silent_polls = 0
    while True:
        # The run is read before its steps: once it has ended, no step can follow.
        run = await runs.get(owner, run_id)
        if run is None:
            return
        steps = await runs.steps(run_id)
        for step in steps:
            if step.number > after and seen.get(step.number) is not step.status:
                seen[step.number] = step.status
                silent_polls = 0
                ended = step.status is not StepStatus.RUNNING
                data = step_view(step).model_dump_json()
                yield event(data, event="step", id=str(step.number) if ended else None)
        if run.status.is_final:
            yield event(run_view(run, steps).model_dump_json(), event="done")
            return
        silent_polls += 1
        if silent_polls >= KEEP_ALIVE_POLLS:
            silent_polls = 0
            yield comment()
        await sleep(POLL_S)
