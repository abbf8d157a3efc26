"""What goes over the wire in this benchmark: question, answer, chunks, and the orders to the client."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from loadtests.bench.wrk import Target

MODEL = "gpt-4o-mini"
PATH = "/v1/chat/completions"
CHUNKS, INTERVAL_MS = 40, 25
STREAM_S = CHUNKS * INTERVAL_MS / 1000
MARK = re.compile(rb"at=(\d+);")
LONGEST_MARK = 32
_SENTENCE = "The feeder log of the last shift shows no alarm. "
_HEAD = {"id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "created": 1_741_569_952, "model": MODEL}
_TEXT = (
    "The transformer at substation 12 is within its thermal limits: top oil 61 C, winding hot spot 78 C, "
    "load factor 0.72. No action is needed now; plan the next dissolved gas analysis for the coming quarter."
)
_USAGE = {"prompt_tokens": 119, "completion_tokens": 64, "total_tokens": 183}
ANSWER = json.dumps(
    {
        **_HEAD,
        "object": "chat.completion",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": _TEXT}, "finish_reason": "stop"}
        ],
        "usage": _USAGE,
    }
)


@dataclass(frozen=True)
class Aim:
    """Where a contender takes requests of one kind, under which model name, with which headers."""

    port: int
    headers: Mapping[str, str]
    model: str = MODEL

    def target(self, prompt_kb: int = 0) -> Target:
        """Return what wrk shall post."""
        return Target(f"http://127.0.0.1:{self.port}{PATH}", self._fields(), self._body(prompt_kb))

    def request(self, *, stream: bool = False) -> bytes:
        """Return one request as it goes over the wire."""
        body = self._body(0, stream=stream)
        fields = {"host": f"127.0.0.1:{self.port}", **self._fields(), "content-length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"POST {PATH} HTTP/1.1\r\n{head}\r\n".encode() + body

    def _fields(self) -> dict[str, str]:
        return {"content-type": "application/json", **self.headers}

    def _body(self, prompt_kb: int, *, stream: bool = False) -> bytes:
        padding = _SENTENCE * (prompt_kb * 1024 // len(_SENTENCE))
        question = f"Is the transformer at substation 12 within its thermal limits? {padding}"
        asked = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": "You are the assistant of a power utility. Answer briefly."},
                {"role": "user", "content": question},
            ],
            "temperature": 0.2,
            "max_tokens": 256,
            **({"stream": True} if stream else {}),
        }
        return json.dumps(asked, separators=(",", ":")).encode()


class Order(msgspec.Struct, frozen=True):
    """What the client shall do: `per_s` requests a second for `seconds`, or `lanes` streams at once.

    Each lane reads `waves` streams, one after the other.
    """

    port: int
    request: bytes
    per_s: float = 0.0
    seconds: float = 0.0
    lanes: int = 0
    waves: int = 0


class Told(msgspec.Struct, frozen=True):
    """What the client saw. Times in milliseconds.

    `whole` answers came to their end, `faults` counts by reason what did not. `p50` and `p99` are those of
    whole answers, with streams those of the delay of chunks; `first_p50` is the time to the first chunk.
    """

    whole: int
    faults: dict[str, int]
    p50: float
    p99: float
    first_p50: float = 0.0

    @property
    def failed(self) -> int:
        """Return how many answers did not come to their end."""
        return sum(self.faults.values())


def chunk(number: int, at_ns: int) -> bytes:
    """Return event `number` of a stream, which says when it was written (CLOCK_MONOTONIC)."""
    if number < CHUNKS:
        role = '"role":"assistant",' if number == 0 else ""
        return _event(f'[{{"index":0,"delta":{{{role}"content":"at={at_ns};"}},"finish_reason":null}}]')
    finished = _event('[{"index":0,"delta":{},"finish_reason":"stop"}]')
    return finished + _event("[]", f',"usage":{json.dumps(_USAGE)}') + b"data: [DONE]\n\n"


def _event(choices: str, more: str = "") -> bytes:
    return f'data: {_CHUNK_HEAD},"choices":{choices}{more}}}\n\n'.encode()


_CHUNK_HEAD = json.dumps({**_HEAD, "object": "chat.completion.chunk"})[:-1]
