"""Users of conversations."""

from locust import task
from users.platform_user import MODEL, TIMEOUT_S, PlatformUser

CONVERSATIONS = "/api/v1/conversations"
MESSAGE = {"content": "When does the night bus leave?", "model": MODEL, "stream": False}


class ChatUser(PlatformUser):
    """Has one conversation: writes messages, reads the history."""

    def prepare(self) -> None:
        """Open the conversation and write once, unmeasured."""
        self.path = f"{CONVERSATIONS}/{self.call('POST', CONVERSATIONS, json={'title': 'load test'})['id']}"
        self.call("POST", f"{self.path}/messages", json=MESSAGE)

    def clean_up(self) -> None:
        """Delete the conversation."""
        if hasattr(self, "path"):
            self.call("DELETE", self.path)

    @task(3)
    def write(self) -> None:
        """Write a message and wait for the whole answer."""
        name = f"{CONVERSATIONS}/[id]/messages"
        with self.client.post(
            f"{self.path}/messages", json=MESSAGE, name=name, catch_response=True, timeout=TIMEOUT_S
        ) as answer:
            if answer.ok and not answer.json()["content"]:
                answer.failure("an answer without text")

    @task(1)
    def read(self) -> None:
        """Read the newest messages."""
        name = f"{CONVERSATIONS}/[id]/messages"
        self.client.get(f"{self.path}/messages?limit=20", name=name, timeout=TIMEOUT_S)
