"""What is the same of a journey's client in both engines: what is asked, measured, and told of it."""

import time
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from wattos_cli.loadtest.driving.answers import answered, cut_off
from wattos_cli.loadtest.driving.evidence import call_error, failure
from wattos_cli.loadtest.journey import Answer, Check
from wattos_cli.loadtest.measuring.collector import Observed


class MeasuringClient(ABC):
    """Implements Client but for streams and waiting; how a request is carried is the engine's matter."""

    cut_off_by: ClassVar[type[BaseException]]
    """What is raised in a request that is under way when the run ends."""

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
        """Send a request and return its answer, whatever its status."""
        began_s, label = self.began_s(), f"{method} {name or path}"
        try:
            answer, error, ended_s = await self._exchange(method, path, json, content, content_type)
        except self.cut_off_by:
            seen = cut_off(label, began_s, time.monotonic())
            if seen is not None:
                self.record(seen)
            raise
        self.record(answered(label, began_s, ended_s, answer, error or failure(answer, check)))
        return answer

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
        answer, error, _ = await self._exchange(method, path, json, content, content_type)
        if error or failure(answer, None):
            raise call_error(method, path, answer, error)
        return answer.json() if answer.body else None

    def began_s(self) -> float:
        """Return when the request that is sent now should have begun."""
        return time.monotonic()

    @abstractmethod
    def record(self, seen: Observed) -> None:
        """Tell of a request that ended; its name begins with the method."""

    @abstractmethod
    async def _exchange(
        self, method: str, path: str, json: Any, content: bytes | None, kind: str
    ) -> tuple[Answer, str, float]:
        """Return the answer, why there is none, and when it was there."""
