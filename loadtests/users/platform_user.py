"""What every virtual user has: a token of its own and a think time between tasks."""

import json
import os
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import requests
from locust import HttpUser, between
from locust.exception import StopUser

MODEL = os.environ.get("WATTOS_LOADTEST_MODEL", "wattos-extractive")
"""A model that is named never changes its provider: the local one costs nothing, whatever is configured."""
TIMEOUT_S = 30.0


def _tokens() -> Iterator[str]:
    """Yield a token for each user: from the plan that `wattos loadtest` wrote, else WATTOS_TOKEN."""
    path = os.environ.get("WATTOS_LOADTEST_PLAN")
    tokens = json.loads(Path(path).read_text(encoding="utf-8"))["tokens"] if path else []
    return cycle(tokens or [os.environ.get("WATTOS_TOKEN", "")])


_next_token = _tokens()


class PlatformUser(HttpUser):
    """A user of the gateway; `prepare` and `clean_up` are not measured."""

    abstract = True
    wait_time = between(0.5, 1.5)

    def on_start(self) -> None:
        """Take a token and make what the tasks need; a failure counts as an error and ends this user."""
        self.client.trust_env = False
        token = next(_next_token)
        self.aside = requests.Session()
        self.aside.trust_env = False
        for session in (self.client, self.aside):
            if token:
                session.headers["Authorization"] = f"Bearer {token}"
        try:
            self.prepare()
        except (requests.RequestException, KeyError, ValueError, TimeoutError) as error:
            self.environment.events.request.fire(
                request_type="SETUP",
                name=type(self).__name__,
                response_time=0.0,
                response_length=0,
                response=getattr(error, "response", None),
                exception=error,
                context={},
            )
            raise StopUser from error

    def on_stop(self) -> None:
        """Remove what was made."""
        try:
            self.clean_up()
        except requests.RequestException:
            self.environment.events.user_error.fire(user_instance=self, exception=None, tb=None)
        self.aside.close()

    def prepare(self) -> None:
        """Make what the tasks need, and call once what they call: a cold start is not what is measured."""

    def clean_up(self) -> None:
        """Remove what `prepare` made."""

    def call(self, method: str, path: str, **given: Any) -> Any:
        """Send a request that is not measured and return its JSON answer; raises for a failure."""
        answer = self.aside.request(method, f"{self.host}{path}", timeout=TIMEOUT_S, **given)
        answer.raise_for_status()
        return answer.json() if answer.content else None
