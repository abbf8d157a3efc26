"""Users of knowledge spaces."""

import time
import uuid

from locust import task
from users.llm_gateway import PASSAGE
from users.platform_user import TIMEOUT_S, PlatformUser

SPACES = "/api/v1/knowledge-spaces"
READY_WITHIN_S = 60.0


class SearchUser(PlatformUser):
    """Has a knowledge space with one document and searches it."""

    def prepare(self) -> None:
        """Make the space, upload the document and wait until it can be found."""
        self.space_id = self.call("POST", SPACES, json={"name": f"loadtest-{uuid.uuid4().hex[:12]}"})["id"]
        self.question = {"knowledge_space_id": self.space_id, "query": "price of a night bus ticket"}
        files = {"file": ("timetable.txt", PASSAGE.encode(), "text/plain")}
        document_id = self.call("POST", f"{SPACES}/{self.space_id}/documents", files=files)["id"]
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            document = self.call("GET", f"/api/v1/documents/{document_id}")
            if document["status"] == "ready":
                self.call("POST", "/api/v1/search", json=self.question)
                return
            if document["status"] == "failed":
                raise ValueError(f"the document failed: {document.get('error')}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"the document is not ready after {READY_WITHIN_S:g} s")
            time.sleep(0.2)

    def clean_up(self) -> None:
        """Delete the space with its document."""
        if hasattr(self, "space_id"):
            self.call("DELETE", f"{SPACES}/{self.space_id}")

    @task
    def search(self) -> None:
        """Search; nothing found is an error, since the document answers the question."""
        with self.client.post(
            "/api/v1/search", json=self.question, catch_response=True, timeout=TIMEOUT_S
        ) as answer:
            if answer.ok and not answer.json()["results"]:
                answer.failure("nothing found")
