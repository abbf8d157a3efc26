"""The closed model: so many users, each beginning its next task when the last is over and it has thought."""

import asyncio
import time
from collections.abc import Callable

from wattos_cli.loadtest.fast.tasks import end_within
from wattos_cli.loadtest.fast.user import InterruptibleSleep, VirtualUser
from wattos_cli.loadtest.plan import Plan
from wattos_cli.loadtest.planning.arrivals import level_at

_LOOK_EVERY_S = 0.05


class ClosedModel:
    """Implements Pacing."""

    def __init__(self, plan: Plan, enlist: Callable[[], VirtualUser]) -> None:
        self._plan = plan
        self._enlist = enlist
        self._active: list[ActiveUser] = []
        self._working: set[asyncio.Task[None]] = set()
        self._over = False
        self.users: list[VirtualUser] = []

    @property
    def present(self) -> int:
        """Return how many users there are."""
        return sum(active.ready for active in self._active)

    async def prepare(self, _stopping: asyncio.Event) -> None:
        """Do nothing: users prepare when they come."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Let users come and go as the plan says, until it is over."""
        began_s = time.monotonic()
        while not stopping.is_set():
            passed_s = time.monotonic() - began_s
            if passed_s >= self._plan.duration_s:
                return
            self._adapt(self._wanted(passed_s))
            if self._active and self.all_gone:
                return
            await asyncio.sleep(min(_LOOK_EVERY_S, self._plan.duration_s - passed_s))

    async def finish(self, within_s: float) -> None:
        """Let every user end its task; those that take longer are cut off."""
        self._over = True
        for active in self._active:
            active.leave()
        await end_within(self._working, within_s)

    @property
    def all_gone(self) -> bool:
        """Return whether every user that came has failed to prepare."""
        return len(self._active) >= self._plan.users and not self._working

    def _wanted(self, passed_s: float) -> int:
        if self._plan.stages:
            return round(level_at(0.0, self._plan.stages, passed_s))
        return min(self._plan.users, int(passed_s * self._plan.spawn_rate) + 1)

    def _adapt(self, wanted: int) -> None:
        staying = [active for active in self._active if not active.leaving]
        for active in staying[wanted:]:
            active.leave()
        for _ in range(wanted - len(staying)):
            active = ActiveUser(self._enlist())
            self.users.append(active.user)
            self._active.append(active)
            task = asyncio.create_task(self._run_user(active))
            self._working.add(task)
            task.add_done_callback(self._working.discard)

    async def _run_user(self, active: "ActiveUser") -> None:
        """Let a user stay; one that leaves before the end cleans up when it goes."""
        await active.stay()
        if active.leaving and not self._over:
            await active.user.clean_up()
            self._active.remove(active)
            self.users.remove(active.user)


class ActiveUser:
    """A user while it is there."""

    def __init__(self, user: VirtualUser) -> None:
        self.user = user
        self.leaving = False
        self.ready = False
        self._thinking = InterruptibleSleep()

    def leave(self) -> None:
        """Begin no further task."""
        self.leaving = True
        self._thinking.wake()

    async def stay(self) -> None:
        """Do one task after the other until it is time to leave."""
        try:
            self.ready = await self.user.prepare()
            while self.ready and not self.leaving:
                await self.user.iterate()
                if not self.leaving:
                    await self._think()
        finally:
            self.ready = False

    async def _think(self) -> None:
        seconds = self.user.thinks_s()
        if seconds > 0:
            await self._thinking.sleep(seconds)
        else:
            await asyncio.sleep(0)  # a task that waits for nothing must not keep the loop
