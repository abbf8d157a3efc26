"""What follows when a provider fails: the table to which the model gateway is held and which its page shows.

`tests/service/llm_gateway/test_fault_matrix.py` compares it with what a real gateway does.
`python -m tests.llm_faults` prints docs/services/llm-gateway.md with the tables anew.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

PAGE = Path(__file__).resolve().parents[1] / "docs" / "services" / "llm-gateway.md"
KINDS = ("openai", "azure", "anthropic", "google", "ollama")
_BEGIN, _END = "<!-- faults: begin -->\n", "<!-- faults: end -->\n"


@dataclass(frozen=True)
class Outcome:
    """What comes of a call to one provider.

    `status`, `code` and `type` are what the caller of an explicit model gets, in the body or, after the first
    content, in the event that ends the stream; `ended`: the answer is whole. `tries`: how often that provider
    was asked. `breaker`: what each of these counts as. `alias`: who answers a caller of an alias whose chain
    goes on with another provider. `row`: outcome and error type of each usage row.
    """

    status: int
    code: str | None
    type: str | None
    tries: int
    breaker: Literal["success", "failure", "nothing"]
    alias: Literal["itself", "the next provider", "the same error"]
    row: tuple[str, str]
    param: str | None = None
    retry_after: bool = False

    @property
    def ended(self) -> bool:
        """Return whether the answer is whole."""
        return self.code is None


def _lost(status: int, code: str, tries: int, kind: str, **more: Any) -> Outcome:
    """Return the outcome of a call of which the caller saw nothing yet, so that the next provider answers."""
    by_status = {404: "invalid_request_error", 429: "rate_limit_error"}
    return Outcome(
        **{
            "status": status, "code": code, "type": by_status.get(status, "server_error"), "tries": tries,
            "breaker": "failure", "alias": "the next provider", "row": ("error", f"provider_{kind}"), **more,
        }
    )  # fmt: skip


OUTCOMES: Mapping[str, Outcome] = {
    "answered": Outcome(200, None, None, 1, "success", "itself", ("ok", "")),
    "refused": Outcome(
        400, "invalid_request", "invalid_request_error", 1, "nothing", "the same error",
        ("error", "caller_invalid"),
    ),
    "no access": _lost(503, "provider_auth_failed", 1, "auth", breaker="nothing"),
    "no model": _lost(404, "model_not_found", 1, "model_missing", breaker="nothing", param="model"),
    "limited": _lost(429, "provider_rate_limited", 1, "rate_limited"),
    "resting": _lost(429, "provider_rate_limited", 1, "rate_limited", retry_after=True),
    "unavailable": _lost(503, "provider_unavailable", 3, "unavailable"),
    "broken": _lost(503, "provider_unavailable", 3, "truncated"),
    "late": _lost(503, "provider_unavailable", 1, "timeout"),
    "cut off": Outcome(
        200, "upstream_truncated", "server_error", 1, "failure", "the same error",
        ("truncated", "provider_truncated"),
    ),
}  # fmt: skip
_MEANINGS = {
    "answered": "all is well",
    "refused": "the caller's request is wrong",
    "no access": "our key or account is refused",
    "no model": "the provider does not serve the model",
    "limited": "too many requests, and nobody says for how long",
    "resting": "too many requests; the provider rests exactly as long as it says, and so does `Retry-After`",
    "unavailable": "nothing usable came",
    "broken": "what began broke off before its first content",
    "late": "nothing came in time",
    "cut off": "a stream broke off after its first content",
}


@dataclass(frozen=True)
class Fault:
    """A fault of the simulator (its kind and fields) and the names of the outcomes that follow.

    `but` are providers for which another outcome follows, by kind and whether a stream was asked for.
    `codes` are the codes by kind where the provider's own is handed on.
    """

    what: str
    spec: Mapping[str, Any]
    whole: str
    stream: str
    but: Mapping[tuple[str, bool], str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)

    def outcome(self, kind: str, *, stream: bool) -> Outcome:
        """Return what must come of it at a provider of this kind."""
        name = self.but.get((kind, stream), self.stream if stream else self.whole)
        found = OUTCOMES[name]
        if name != "refused":
            return found
        status = self.spec.get("status", found.status)
        param = "prompt" if self.codes.get(kind) == "content_filter" else None
        return replace(found, status=status, code=self.codes.get(kind, found.code), param=param)


def _status(status: int, name: str, what: str = "", **codes: str) -> Fault:
    spec = {"kind": "status", "status": status}
    return Fault(what or f"status {status}", spec, name, name, codes=codes)


def _always(what: str, name: str, kind: str, **fields: Any) -> Fault:
    return Fault(what, {"kind": kind, **fields}, name, name)


def _midway(what: str, kind: str, whole: str, stream: str = "cut off", **fields: Any) -> Fault:
    return Fault(what, {"kind": kind, **fields}, whole, stream)


FAULTS: Mapping[str, Fault] = {
    "400": _status(400, "refused"),
    "413": _status(413, "refused", anthropic="request_too_large"),
    "422": _status(422, "refused"),
    "401": _status(401, "no access"),
    "402": _status(402, "no access"),
    "403": _status(403, "no access"),
    "404": _status(404, "no model"),
    "408": _status(408, "unavailable"),
    "409": _status(409, "unavailable"),
    "500": _status(500, "unavailable"),
    "503": _status(503, "unavailable"),
    "529": _status(529, "unavailable"),
    "429-seconds": _always("429 with `Retry-After` in seconds", "resting", "rate_limit", retry_after_s=30),
    "429-date": _always(
        "429 with `Retry-After` as a date", "resting", "rate_limit", retry_after_s=30, retry_after="date"
    ),
    "429-bare": _always("429 without `Retry-After`", "limited", "rate_limit", retry_after="none"),
    "blocked": Fault(
        "the provider's filter stops the prompt",
        {"kind": "blocked"},
        "refused",
        "refused",
        but={("google", False): "answered", ("google", True): "answered"},
        codes={"openai": "invalid_prompt", "azure": "content_filter"},
    ),
    "refuse": _always("connections are refused", "unavailable", "refuse"),
    "reset": _always("the connection is reset before any byte", "unavailable", "reset"),
    "hang": _always("nothing comes", "late", "hang"),
    "slow-head": _always("the first byte comes too late", "late", "slow_first_byte", delay_s=30),
    "slow-body": _always(
        "headers come, content too late", "late", "slow_first_byte", delay_s=30, headers="at_once"
    ),
    "slow-stream": _always("the answer trickles", "answered", "slow_stream", tokens_per_s=200),
    "stall-first": _midway("silence after the headers", "stall", "late", "late", after_tokens=0),
    "stall": _midway("silence in the middle", "stall", "late"),
    "truncate-first": _midway(
        "an end before any content", "truncate", "unavailable", "broken", after_tokens=0
    ),
    "truncate": _midway("an end in the middle", "truncate", "unavailable"),
    "disconnect": _midway("the connection is closed in the middle", "disconnect", "broken"),
    "reset-midway": _midway("the connection is reset in the middle", "reset", "broken", after_tokens=3),
    "broken-json": _midway("JSON that cannot be read", "broken_json", "unavailable"),
    "garbage": Fault(
        "bytes in between that are neither JSON nor an event",
        {"kind": "garbage"},
        "unavailable",
        "answered",
        but={("ollama", True): "cut off"},
    ),
    "error-event": _midway(
        "an error inside the stream, or instead of the answer", "error_event", "unavailable"
    ),
    "error-body": _always("200 with an error in its body", "unavailable", "error_body"),
    "oversized": _midway("an answer or event of 5 MB", "oversized", "answered", size_bytes=5_000_000),
    "enormous": _midway("an answer or event of 33 MB", "oversized", "unavailable", size_bytes=33_000_000),
    "content-type": _midway("a wrong content type", "content_type", "answered", "unavailable"),
    "not-json": _always("200 with a page for people", "unavailable", "not_json"),
    "empty": _midway("200 without a body", "empty", "unavailable", "broken"),
    "no-content": Fault(
        "200 without choices, candidates, content or message",
        {"kind": "no_content"},
        "unavailable",
        "broken",
        but={("anthropic", True): "answered", ("ollama", True): "answered"},
    ),
    "gzip": _always("an answer that is compressed unasked", "answered", "gzip"),
    "false-gzip": _always("an answer that is said to be compressed and is not", "unavailable", "false_gzip"),
}


def tables() -> str:
    """Return what the page shows."""
    return f"{_outcome_table()}\n{_fault_table()}"


def page() -> str:
    """Return docs/services/llm-gateway.md with the tables as they are now."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return before + _BEGIN + tables() + _END + after


def _outcome_table() -> str:
    lines = [
        "| outcome | meaning | status | code | asked | breaker | alias | usage row |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, outcome in OUTCOMES.items():
        own = name == "refused"
        status = "the provider's" if own else str(outcome.status)
        code = (
            f"the provider's, else `{outcome.code}`" if own else f"`{outcome.code}`" if outcome.code else ""
        )
        row = ", ".join(f"`{part}`" for part in outcome.row if part)
        asked = "once" if outcome.tries == 1 else f"{outcome.tries} times"
        cells = [name, _MEANINGS[name], status, code, asked, outcome.breaker, outcome.alias, row]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _fault_table() -> str:
    lines = ["| what the provider does | whole answer | stream |", "|---|---|---|"]
    for fault in FAULTS.values():
        shown = [fault.what]
        for stream, name in ((False, fault.whole), (True, fault.stream)):
            others = [f"{kind}: {other}" for (kind, streams), other in fault.but.items() if streams is stream]
            shown.append("; ".join([name, *others]))
        lines.append(f"| {' | '.join(shown)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
