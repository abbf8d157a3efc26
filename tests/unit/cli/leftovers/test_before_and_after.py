"""What load tests could not delete goes as they end, or before the next; nothing of others is touched."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cli.deps import FakeTime, err, make_deps, write_running
from tests.fakes.loadtest.holding_platform import RUNS, SPACES, TALKS, URL, HoldingPlatform
from wattos_cli.clients.loadtest_tenant import keys_for
from wattos_cli.deps import NoReplyError, Reply
from wattos_cli.leftovers.before_and_after import clear_leftovers, cleared_afterwards
from wattos_cli.project import find


@pytest.fixture
def platform() -> HoldingPlatform:
    return HoldingPlatform(FakeTime())


def cleared(platform: HoldingPlatform, root: Path, *but: str) -> str:
    """Clear where all services run but some; return what is said of it."""
    running = [name for name in ("gateway", "rag", "chat", "agent") if name not in but]
    write_running(root, *({"name": name, "url": URL} for name in running))
    deps = make_deps(cwd=root, http=platform, time=platform.time)
    clear_leftovers(deps, find(root), URL)
    return err(deps)


def killed(platform: HoldingPlatform, users: int = 1) -> None:
    """Leave what a run of so many users leaves that was killed an hour ago."""
    for number in range(1, users + 1):
        platform.key(f"loadtest-{number}", -60)
        platform.make(TALKS, f"loadtest-{number}", 3600)
        platform.make(RUNS, f"loadtest-{number}", 3600)
        platform.make(SPACES, f"loadtest-{number}", 3600)


def test_what_a_killed_run_has_left_goes(platform: HoldingPlatform, tmp_path: Path) -> None:
    killed(platform, users=3)
    told = cleared(platform, tmp_path)
    assert (
        "cleared what earlier load tests and drills had left: 3 knowledge spaces, 3 conversations, 3 runs"
        in told
    )
    assert platform.made == {SPACES: [], TALKS: [], RUNS: []}
    assert platform.keys == {}
    assert cleared(platform, tmp_path) == ""


def test_nothing_is_touched_while_another_run_may_be_alive(platform: HoldingPlatform, tmp_path: Path) -> None:
    killed(platform, users=2)
    platform.key("loadtest-1", 30)
    assert cleared(platform, tmp_path) == ""
    assert platform.asked == []
    assert len(platform.keys) == 3


def test_what_is_newer_or_of_another_name_stays(platform: HoldingPlatform, tmp_path: Path) -> None:
    killed(platform)
    platform.make(TALKS, "loadtest-1", 1)
    platform.make(TALKS, "somebody", 3600)
    platform.make(SPACES, "loadtest-1", 1)
    platform.make(SPACES, "loadtest-1", 3600, name="our timetable")
    cleared(platform, tmp_path)
    assert platform.ids(TALKS) == ["loadtest-1-1", "somebody-2"]
    assert platform.ids(SPACES) == ["loadtest-1-1", "loadtest-1-2"]


def test_a_run_of_an_agent_is_cancelled_before_it_goes(platform: HoldingPlatform, tmp_path: Path) -> None:
    killed(platform)
    platform.make(RUNS, "loadtest-1", 3600, status="running")
    assert "2 runs\n" in cleared(platform, tmp_path)
    assert (platform.ids(RUNS), platform.keys) == ([], {})


def test_a_run_of_an_agent_that_does_not_end_goes_the_next_time(
    platform: HoldingPlatform, tmp_path: Path
) -> None:
    killed(platform)
    platform.make(RUNS, "loadtest-1", 3600, status="running", then="running")
    cleared(platform, tmp_path)
    assert (platform.ids(RUNS), len(platform.keys)) == (["loadtest-1-1"], 1)
    platform.made[RUNS][0]["status"] = "completed"
    assert "cleared what earlier load tests and drills had left: 1 run" in cleared(platform, tmp_path)
    assert (platform.ids(RUNS), platform.keys) == ([], {})


def test_what_a_service_holds_that_does_not_run_is_not_forgotten(
    platform: HoldingPlatform, tmp_path: Path
) -> None:
    killed(platform)
    assert "1 knowledge space, 1 conversation\n" in cleared(platform, tmp_path, "agent")
    assert cleared(platform, tmp_path).endswith("had left: 1 run\n")
    assert platform.keys == {}


def test_what_cannot_be_cleared_is_said_and_no_more(platform: HoldingPlatform, tmp_path: Path) -> None:
    killed(platform)
    platform.down = TALKS
    told = cleared(platform, tmp_path)
    assert "cleared what earlier load tests and drills had left: 1 knowledge space\n" in told
    assert f"is cleared: GET {TALKS} was answered with status 503; the next one goes on" in told
    assert len(platform.keys) == 1


def test_what_is_too_much_is_left_to_the_next(platform: HoldingPlatform, tmp_path: Path) -> None:
    killed(platform, users=80)
    told, rounds = cleared(platform, tmp_path), 1
    assert "a run that has to begin cannot wait for more; the next one goes on" in told
    assert len(platform.asked) == 200
    while platform.keys:
        cleared(platform, tmp_path)
        rounds += 1
    assert 2 <= rounds <= 4
    assert platform.made == {SPACES: [], TALKS: [], RUNS: []}


def test_a_gateway_that_tells_nothing_stops_no_run(platform: HoldingPlatform, tmp_path: Path) -> None:
    class Silent(HoldingPlatform):
        def request(self, *_args: Any, **_options: Any) -> Reply:
            raise NoReplyError("connection refused")

    assert "connection refused; the next one goes on" in cleared(Silent(platform.time), tmp_path)


def ended(
    platform: HoldingPlatform, root: Path, *but: str, users: int = 3, dies: BaseException | None = None
) -> str:
    """Let a load test end whose users could delete nothing; return what is said of it.

    All services run but some, and `dies` is what ends it.
    """
    services = ("gateway", "rag", "chat", "agent")
    write_running(root, *({"name": name, "url": URL} for name in services if name not in but))
    deps, project = make_deps(cwd=root, http=platform, time=platform.time), find(root)
    with (
        suppress(type(dies or OSError())),
        keys_for(deps, project, users, 60) as keys,
        cleared_afterwards(deps, project, URL, keys, services),
    ):
        for user in keys.users:
            platform.make(TALKS, user, 1)
            platform.make(RUNS, user, 1)
            platform.make(SPACES, user, 1, name=f"{keys.prefix}{user}")
        if dies:
            raise dies
    return err(deps)


@pytest.mark.parametrize("dies", [None, KeyboardInterrupt(), RuntimeError("a bug")], ids=repr)
def test_what_the_users_could_not_delete_goes_as_the_test_ends(
    platform: HoldingPlatform, tmp_path: Path, dies: BaseException | None
) -> None:
    told = ended(platform, tmp_path, dies=dies)
    assert told == ("deleted what the users had left: 3 knowledge spaces, 3 conversations, 3 runs\n")
    assert platform.made == {SPACES: [], TALKS: [], RUNS: []}
    assert platform.keys == {}


def test_limits_are_waited_out(platform: HoldingPlatform, tmp_path: Path) -> None:
    platform.per_s = 2
    told = ended(platform, tmp_path, users=20)
    assert told.count("as fast as rate limits allow, for 120 s at most; Ctrl-C ends it") == 1
    assert "had left: 20 knowledge spaces, 20 conversations, 20 runs\n" in told
    assert platform.made == {SPACES: [], TALKS: [], RUNS: []}
    assert platform.keys == {}
    assert max(platform.taken.values()) == 2


def test_what_is_left_all_the_same_is_said_and_goes_before_the_next(
    platform: HoldingPlatform, tmp_path: Path
) -> None:
    platform.per_s = 1
    began_s = platform.time.now
    told = ended(platform, tmp_path, users=100)
    assert told.endswith("is deleted: 120 s were not enough; the next load test goes on with it\n")
    assert platform.time.now - began_s == 120
    assert len(platform.ids(TALKS)) == len(platform.keys) > 0
    platform.time.sleep(2)
    platform.per_s = 1_000_000
    for _ in range(4):
        cleared(platform, tmp_path)
    assert platform.made == {SPACES: [], TALKS: [], RUNS: []}
    assert platform.keys == {}


def test_a_service_that_is_gone_is_asked_before_the_next(platform: HoldingPlatform, tmp_path: Path) -> None:
    told = ended(platform, tmp_path, "chat")
    assert "a service that does not run any more; the next load test goes on with it\n" in told
    assert (len(platform.ids(TALKS)), platform.ids(RUNS), len(platform.keys)) == (3, [], 3)
    platform.time.sleep(2)
    assert "had left: 3 conversations\n" in cleared(platform, tmp_path)
    assert platform.keys == {}


def test_ctrl_c_ends_the_clearing_and_leaves_the_rest_to_the_next(
    platform: HoldingPlatform, tmp_path: Path
) -> None:
    class Interrupting(FakeTime):
        def sleep(self, seconds: float) -> None:
            raise KeyboardInterrupt

    platform.per_s = 2
    platform.time = Interrupting(platform.time.now)
    told = ended(platform, tmp_path, dies=KeyboardInterrupt())
    assert told.endswith("made is deleted: interrupted; the next load test goes on with it\n")
    assert len(platform.keys) == 3


def test_another_load_test_that_goes_on_loses_nothing(platform: HoldingPlatform, tmp_path: Path) -> None:
    platform.key("loadtest-0a1b2c3d-1", 60)
    for path in (TALKS, RUNS, SPACES):
        platform.make(path, "loadtest-0a1b2c3d-1", 1, name="loadtest-0a1b2c3d-5e6f")
    ended(platform, tmp_path)
    assert [platform.ids(path) for path in (TALKS, RUNS, SPACES)] == [["loadtest-0a1b2c3d-1-0"]] * 3
    assert len(platform.keys) == 1


def test_a_gateway_that_is_gone_keeps_the_keys_to_be_found_by(
    platform: HoldingPlatform, tmp_path: Path
) -> None:
    class Dying(HoldingPlatform):
        dead = False

        def request(self, *args: Any, **options: Any) -> Reply:
            if self.dead:
                raise NoReplyError("connection refused")
            return super().request(*args, **options)

        def make(self, path: str, user: str, ago_s: float, **more: str) -> None:
            super().make(path, user, ago_s, **more)
            self.dead = True

    told = ended(Dying(platform.time), tmp_path)
    assert "connection refused; a load test goes on with it once their keys have expired" in told
    assert "keys of temporary users could not be revoked" in told
