"""Users of plain Locust that ask as fast as they are answered; what the journey `Ask` is measured against."""

import json
import os

from locust import FastHttpUser, HttpUser, task

PATH = "/v1/chat/completions"
PROMPT = json.loads(os.environ["WATTOS_BENCH_PROMPT"])


class Fast(FastHttpUser):
    """Locust's quicker client, on geventhttpclient."""

    @task
    def ask(self) -> None:
        """Ask once."""
        self.client.post(PATH, json=PROMPT)


class Plain(HttpUser):
    """Locust's usual client, on requests."""

    @task
    def ask(self) -> None:
        """Ask once."""
        self.client.post(PATH, json=PROMPT)
