"""What scenarios are written in: a journey does what a user does, step by step, whichever engine drives it.

    class Search(Journey):
        @task(3)
        async def search(self) -> None:
            await self.client.request("POST", "/api/v1/search", json=QUESTION, check=found_something)

The fast engine awaits for real, thousands of journeys at once. Under Locust every call blocks its greenlet
and no coroutine ever suspends. A journey therefore imports neither locust nor asyncio; it has its client.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar, Protocol, TypeVar

import msgspec

NAME_PREFIX = "loadtest-"
"""Names of what a journey makes for its whole tenant begin so: what a run leaves is known by it."""
_WEIGHT = "task_weight"
TaskT = TypeVar("TaskT", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON; ValueError if it is none."""
        return msgspec.json.decode(self.body)


Check = Callable[[Answer], str]
"""Why an answer with a status below 400 is a failure all the same; "" if it is none."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a client waits: for a connection, for a whole answer, and while a stream brings nothing.

    A silent stream is given up by the platform first, after 30 s: its error is what is to be seen.
    """

    connect_s: float = 5.0
    answer_s: float = 30.0
    silence_s: float = 40.0


PATIENCE = Patience()


class CallError(Exception):
    """A call that is not measured failed; the text says what came instead, `status` 0 that nothing came."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class Stream(Protocol):
    """A streamed answer under way."""

    status: int

    def lines(self) -> AsyncIterator[bytes]:
        """Yield the lines of the body without their ends, as they arrive."""
        ...

    def token(self, count: int = 1) -> None:
        """Note that the line that was yielded last brought so many tokens."""
        ...

    def cost(self, usd: float) -> None:
        """Note what the stream cost."""
        ...

    def fail(self, reason: str) -> None:
        """Note that the answer is a failure, whatever its status says; the first reason stays."""
        ...


class Client(Protocol):
    """The platform, as one user reaches it; what goes through `request` and `stream` is measured."""

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        content_type: str = "",
        name: str = "",
        check: Check | None = None,
    ) -> Answer:
        """Send a request and return its answer, whatever its status; `name` stands for paths that vary.

        No answer at all is an answer with status 0.
        """
        ...

    def stream(
        self, method: str, path: str, *, json: Any = None, name: str = ""
    ) -> AbstractAsyncContextManager[Stream]:
        """Send a request whose answer is read as it comes; latency ends with the block.

        `lines` ends early, and the stream has failed, when it breaks off. No answer has status 0.
        """
        ...

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        content_type: str = "",
    ) -> Any:
        """Send a request that is not measured and return its JSON, if any; CallError if it fails."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


@dataclass(frozen=True, slots=True)
class Traveller:
    """Who goes on a journey: the number of the user, and what it chooses by and asks for.

    `models` are those that may be asked beside `model` whatever they cost. What it makes for its whole tenant
    has a name that begins with `prefix`.
    """

    number: int
    rng: Random
    model: str
    models: Sequence[str] = ()
    prefix: str = NAME_PREFIX


class Journey:
    """A user: `prepare` once, then one task after the other, `clean_up` in the end.

    Tasks are drawn by weight; in the closed model the user thinks between them, for a time drawn from
    `think_s`. What `prepare` and `clean_up` do through `client.call` is not measured.
    """

    think_s: ClassVar[tuple[float, float]] = (0.5, 1.5)

    def __init__(self, client: Client, traveller: Traveller) -> None:
        self.client = client
        self.traveller = traveller

    async def prepare(self) -> None:
        """Make what the tasks need, and call once what they call: a cold start is not what is measured."""

    async def clean_up(self) -> None:
        """Remove what `prepare` and the tasks made."""


def task(weight: int) -> Callable[[TaskT], TaskT]:
    """Mark a method of a journey as a task, done in proportion to `weight`."""

    def marked(method: TaskT) -> TaskT:
        setattr(method, _WEIGHT, weight)
        return method

    return marked


def tasks(journey: type[Journey]) -> dict[str, int]:
    """Return the tasks of a journey by name, in the order of their definition, with their weights."""
    found: dict[str, int] = {}
    for owner in reversed(journey.__mro__):
        found |= {
            name: getattr(value, _WEIGHT) for name, value in vars(owner).items() if hasattr(value, _WEIGHT)
        }
    return found
