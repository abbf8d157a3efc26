"""What users of a drill could not delete goes once their load is over; Ctrl-C ends that."""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.cli.deps import FakeTime, err, make_deps, write_running
from tests.fakes.drills.files import WHOLE
from tests.fakes.drills.harness import FakeLoad, House
from tests.fakes.loadtest.holding_platform import RUNS, SPACES, TALKS, URL, HoldingPlatform
from wattos_cli.deps import Deps
from wattos_cli.drills.drill import Drill
from wattos_cli.drills.files.reading import read_drill
from wattos_cli.drills.runner.interruptions import Interruptions
from wattos_cli.drills.runner.live import live_harness
from wattos_cli.loadtest.plan import Plan
from wattos_cli.project import find


@pytest.fixture
def drill(tmp_path: Path) -> Drill:
    (tmp_path / "mine.toml").write_text(WHOLE)
    return read_drill(tmp_path / "mine.toml")


@pytest.fixture
def platform() -> HoldingPlatform:
    return HoldingPlatform(FakeTime())


@pytest.fixture
def deps(platform: HoldingPlatform, tmp_path: Path) -> Deps:
    write_running(tmp_path, *({"name": name, "url": URL} for name in ("gateway", "rag", "chat", "agent")))
    return make_deps(cwd=tmp_path, http=platform, time=platform.time)


def loaded(
    drill: Drill,
    platform: HoldingPlatform,
    deps: Deps,
    *,
    within: Callable[[], None] = lambda: None,
    stop: Callable[[], None] = lambda: None,
) -> None:
    """Put the drill's load on the platform, with users who can delete nothing.

    `within` is called while it is on, `stop` as it ends.
    """

    @contextmanager
    def start(plan: Plan, _environ: Mapping[str, str]) -> Iterator[FakeLoad]:
        for number in range(plan.users):
            user = f"{plan.prefix}{number + 1}"
            for path in (TALKS, RUNS, SPACES):
                platform.make(path, user, 1, name=f"{plan.prefix}{number}")
        try:
            yield FakeLoad(House(platform.time))
        finally:
            stop()
            assert platform.asked == [], "nothing is asked while there is load"

    with (
        Interruptions() as shield,
        live_harness(deps, find(deps.cwd), shield, start=start).load(drill, 60.0),
    ):
        within()


def test_what_its_users_left_is_deleted_once_the_load_is_over(
    drill: Drill, platform: HoldingPlatform, deps: Deps
) -> None:
    loaded(drill, platform, deps)
    users = drill.load.users
    assert err(deps) == (
        f"deleted what the users had left: {users} knowledge spaces, {users} conversations, {users} runs\n"
    )
    assert platform.made == {SPACES: [], TALKS: [], RUNS: []}
    assert platform.keys == {}


def test_it_is_deleted_after_a_drill_that_was_interrupted(
    drill: Drill, platform: HoldingPlatform, deps: Deps
) -> None:
    with pytest.raises(KeyboardInterrupt):
        loaded(drill, platform, deps, within=lambda: signal.raise_signal(signal.SIGINT))
    assert (platform.made, platform.keys) == ({SPACES: [], TALKS: [], RUNS: []}, {})


def test_it_does_not_keep_the_next_drill_waiting(drill: Drill, platform: HoldingPlatform, deps: Deps) -> None:
    platform.per_s = 0
    began_s = platform.time.now
    loaded(drill, platform, deps)
    assert platform.time.now - began_s == 30
    assert err(deps).endswith("is deleted: 30 s were not enough; the next load test goes on with it\n")
    assert len(platform.keys) == drill.load.users


@pytest.mark.parametrize("earlier", [False, True], ids=["the-first", "one-while-the-load-ends-came-before"])
def test_ctrl_c_ends_it(drill: Drill, platform: HoldingPlatform, deps: Deps, earlier: bool) -> None:
    def interrupt() -> None:
        signal.raise_signal(signal.SIGINT)

    class Interrupting(FakeTime):
        def sleep(self, seconds: float) -> None:
            interrupt()

    platform.per_s = 1
    platform.time = Interrupting(platform.time.now)
    deps = make_deps(cwd=deps.cwd, http=platform, time=platform.time)
    with pytest.raises(KeyboardInterrupt):
        loaded(drill, platform, deps, stop=interrupt if earlier else lambda: None)
    assert err(deps).endswith("made is deleted: interrupted; the next load test goes on with it\n")
    assert len(platform.keys) == drill.load.users
