"""Users of the OpenAI-compatible API: models, completions, streamed completions."""

import json
import time
from itertools import pairwise

from locust import task
from users.platform_user import MODEL, TIMEOUT_S, PlatformUser

PASSAGE = (
    "The night bus N7 leaves the central station at 23:40 and at 00:40. A ticket costs 3.20 euros. "
    "Bicycles are carried free of charge after 20:00."
)
QUESTION = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "What does a ticket of the night bus cost?"}],
    "wattos_context": [
        {
            "id": "p1",
            "document_id": "timetable",
            "document": "timetable.txt",
            "start": 0,
            "end": len(PASSAGE),
            "text": PASSAGE,
        }
    ],
}
COMPLETIONS = "/v1/chat/completions"


class ModelUser(PlatformUser):
    """Asks for completions and now and then for the list of models."""

    def prepare(self) -> None:
        """Ask once, unmeasured."""
        self.call("POST", COMPLETIONS, json=QUESTION)

    @task(4)
    def complete(self) -> None:
        """Ask one question; an answer without text is an error."""
        with self.client.post(COMPLETIONS, json=QUESTION, catch_response=True, timeout=TIMEOUT_S) as answer:
            if answer.ok and not answer.json()["choices"][0]["message"]["content"]:
                answer.failure("an answer without text")

    @task(1)
    def models(self) -> None:
        """List the models."""
        self.client.get("/v1/models", timeout=TIMEOUT_S)


class StreamingModelUser(PlatformUser):
    """Asks for streamed completions and measures time to first token and between tokens."""

    def prepare(self) -> None:
        """Ask once, unmeasured."""
        self.call("POST", COMPLETIONS, json=QUESTION)

    @task
    def stream(self) -> None:
        """Read one stream to its end; one without finish_reason and [DONE] is an error."""
        began = time.perf_counter()
        with self.client.post(
            COMPLETIONS,
            json={**QUESTION, "stream": True},
            name=f"{COMPLETIONS} (stream)",
            catch_response=True,
            stream=True,
            timeout=TIMEOUT_S,
        ) as answer:
            if not answer.ok:
                return
            times, finished, done = [], False, False
            for line in answer.iter_lines():
                if not line.startswith(b"data: "):
                    continue
                if line == b"data: [DONE]":
                    done = True
                    break
                choice = (json.loads(line[6:]).get("choices") or [{}])[0]
                finished = finished or bool(choice.get("finish_reason"))
                if choice.get("delta", {}).get("content"):
                    times.append(time.perf_counter())
            answer.request_meta["response_time"] = (time.perf_counter() - began) * 1000
            if times:
                answer.request_meta["context"]["ttft_ms"] = (times[0] - began) * 1000
                gaps = [(later - earlier) * 1000 for earlier, later in pairwise(times)]
                answer.request_meta["context"]["itl_ms"] = gaps
            if not (finished and done and times):
                answer.failure("a stream without text, finish_reason and [DONE]")
