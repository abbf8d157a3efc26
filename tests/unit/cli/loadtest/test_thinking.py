"""Users of Locust that think are woken to stop, never killed in a request."""

import gevent
from gevent.event import Event

from wattos_cli.loadtest.locust_side.thinking import STOPPING, Thinking


class User:
    """Thinks once, then works until it may go on; `interrupted`: it was in the middle of that."""

    def __init__(self, thinking: Thinking, seconds: float) -> None:
        self._state = "waiting"
        self.interrupted = False
        self.work = Event()
        self.at_work = Event()
        self.greenlet = gevent.spawn(self._run, thinking, seconds)

    def _run(self, thinking: Thinking, seconds: float) -> None:
        thinking.sleep(seconds)
        if self._state == STOPPING:
            return
        try:
            self.at_work.set()
            self.work.wait(timeout=10)
        except BaseException:
            self.interrupted = True
            raise


def test_a_user_that_thinks_stops_at_once() -> None:
    thinking = Thinking()
    user = User(thinking, 1000.0)
    gevent.sleep(0)
    assert thinking.wake(user) is True
    user.greenlet.join(timeout=10)
    assert (user.greenlet.ready(), user._state, user.interrupted) == (True, STOPPING, False)
    assert thinking.wake(user) is False


def test_a_user_that_works_is_left_alone() -> None:
    thinking = Thinking()
    user = User(thinking, 0.0)
    user.at_work.wait(timeout=10)
    assert thinking.wake(user) is False
    user.work.set()
    user.greenlet.join(timeout=10)
    assert (user._state, user.interrupted) == ("waiting", False)


def test_a_user_that_is_woken_when_its_time_is_over_stops_by_itself() -> None:
    thinking = Thinking()
    users = [User(thinking, 0.02) for _ in range(50)]
    gevent.sleep(0)
    gevent.get_hub().loop.update_now()
    woken = []

    def wake_all() -> None:
        woken.extend(thinking.wake(user) for user in users)

    gevent.spawn_later(0.02, wake_all)
    gevent.sleep(0.1)
    for user in users:
        user.work.set()
    gevent.joinall([user.greenlet for user in users], timeout=10)
    assert len(woken) == 50
    assert not [user for user in users if user.interrupted or not user.greenlet.successful()]


def test_a_kill_still_kills() -> None:
    thinking = Thinking()
    user = User(thinking, 1000.0)
    gevent.sleep(0)
    user.greenlet.kill()
    assert (user.greenlet.ready(), thinking.wake(user)) == (True, False)
