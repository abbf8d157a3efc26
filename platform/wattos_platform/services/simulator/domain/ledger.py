"""What the simulator received and gave: the ground truth for tests of counts and costs."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from wattos_platform.kernel.timestamps import rfc3339
from wattos_platform.services.simulator.domain.answer import Tokens

MOST_RECENT = 1000
_MOST_NAMES = 200
_NAME_CHARS = 200
_OTHER = "other"
Outcome = Literal["completed", "refused", "failed", "abandoned"]
_KINDS = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")


@dataclass(slots=True)
class Call:
    """One request from its arrival to its end.

    `outcome` is completed (a whole, right answer), refused (the request was wrong), failed (a fault had its
    way) or abandoned (the caller left first); "" while it lasts.
    """

    number: int
    time: float
    provider: str
    path: str
    model: str = ""
    stream: bool = False
    fault: str | None = None
    status: int | None = None
    outcome: Outcome | Literal[""] = ""
    duration_ms: float = 0.0
    first_token_ms: float | None = None
    last_token_ms: float | None = None
    tokens: Tokens = field(default_factory=Tokens)
    sent_tokens: int | None = None

    def sent(self, tokens: int, after_s: float = 0.0) -> None:
        """Note that so many more tokens of the answer went out, `after_s` behind the request's arrival."""
        self.sent_tokens = (self.sent_tokens or 0) + tokens
        if tokens:
            self.last_token_ms = round(after_s * 1000, 3)
            if self.first_token_ms is None:
                self.first_token_ms = self.last_token_ms

    def given(self) -> dict[str, int]:
        """Return what a true bill says: nothing before an answer began, then the prompt and what went out.

        Reasoning that no caller sees is spent as soon as the answer begins.
        """
        if self.sent_tokens is None:
            return dict.fromkeys(_KINDS, 0)
        shown = self.tokens.reasoning - self.tokens.hidden
        reasoning = self.tokens.hidden + min(shown, self.sent_tokens)
        output = self.tokens.hidden + self.sent_tokens
        return dict(zip(_KINDS, (self.tokens.prompt, self.tokens.cached, output, reasoning), strict=True))


class Ledger:
    """Counts of everything, and the last 1000 requests one by one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._number = 0
        self.clear()

    def clear(self) -> None:
        """Begin at zero; requests that are being answered are counted nowhere."""
        self._first = self._number + 1
        self._recent: deque[Call] = deque(maxlen=MOST_RECENT)
        self._paths: Counter[str] = Counter()
        self._models: Counter[str] = Counter()
        self._total = _Tally()
        self._providers: dict[str, _Tally] = {}

    def arrived(self, provider: str, path: str) -> Call:
        """Return the record of a request that has just come in."""
        self._number += 1
        call = Call(self._number, self._clock(), provider, path[:_NAME_CHARS])
        self._recent.append(call)
        _count(self._paths, path)
        for tally in self._tallies(provider):
            tally.begin()
        return call

    def met(self, call: Call, model: str, fault: str | None, *, stream: bool) -> None:
        """Note what a request asks for and the fault it meets."""
        call.model, call.fault, call.stream = model[:_NAME_CHARS], fault, stream
        if call.number < self._first:
            return
        if model:
            _count(self._models, model)
        if fault:
            for tally in self._tallies(call.provider):
                tally.faults[fault] += 1

    def ended(self, call: Call, outcome: Outcome, took_s: float) -> None:
        """Close the record."""
        call.outcome = outcome
        call.duration_ms = round(took_s * 1000, 3)
        if call.number < self._first:
            return
        for tally in self._tallies(call.provider):
            tally.end(outcome, call.given())

    def report(self, last: int) -> dict[str, Any]:
        """Return all counts and the `last` requests, the newest at the end."""
        recent = list(self._recent)[-last:] if last else []
        return {
            **self._total.report(),
            "paths": dict(self._paths),
            "models": dict(self._models),
            "providers": {name: tally.report() for name, tally in self._providers.items()},
            "recent": [_shown(call) for call in recent],
        }

    def _tallies(self, provider: str) -> tuple["_Tally", "_Tally"]:
        if provider not in self._providers and len(self._providers) >= _MOST_NAMES:
            provider = _OTHER
        return self._total, self._providers.setdefault(provider, _Tally())


class _Tally:
    """The counts of one provider, or of all."""

    def __init__(self) -> None:
        self._outcomes: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self._total = self._in_flight = self._peak = 0

    def begin(self) -> None:
        self._total += 1
        self._in_flight += 1
        self._peak = max(self._peak, self._in_flight)

    def end(self, outcome: str, tokens: dict[str, int]) -> None:
        self._in_flight = max(self._in_flight - 1, 0)
        self._outcomes[outcome] += 1
        self._tokens.update(tokens)

    def report(self) -> dict[str, Any]:
        outcomes = ("completed", "refused", "failed", "abandoned")
        return {
            "total": self._total,
            **{outcome: self._outcomes[outcome] for outcome in outcomes},
            "in_flight": self._in_flight,
            "peak": self._peak,
            "tokens": {kind: self._tokens[kind] for kind in _KINDS},
            "faults": dict(self.faults),
        }


def _count(counter: Counter[str], name: str) -> None:
    name = name[:_NAME_CHARS]
    counter[name if name in counter or len(counter) < _MOST_NAMES else _OTHER] += 1


def _shown(call: Call) -> dict[str, Any]:
    return {
        "number": call.number,
        "time": rfc3339(call.time),
        "provider": call.provider,
        "path": call.path,
        "model": call.model,
        "stream": call.stream,
        "fault": call.fault,
        "status": call.status,
        "outcome": call.outcome or "in_flight",
        "duration_ms": call.duration_ms,
        "first_token_ms": call.first_token_ms,
        "last_token_ms": call.last_token_ms,
        **call.given(),
    }
