"""What an answer tells beside its status: the trace it belongs to, what it cost, why it is a failure."""

import re
from collections.abc import Mapping

from wattos_cli.loadtest.journey import Answer, CallError, Check
from wattos_cli.loadtest.plan import GRACE_S

CUT_OFF = f"cut off: it had no whole answer after {GRACE_S:g} s and more, and the run was over"
"""Told of a request that outlived the grace; a younger one that is cut off is counted nowhere."""
_FAILED_FROM = 400
_EXCERPT_BYTES = 200
_ID = re.compile(r"[0-9a-fA-F-]{16,}")
_COST_MARK = b'"wattos_cost_usd"'
_COST = re.compile(_COST_MARK + rb'\s*:\s*"?(\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)')


def trace_id(headers: Mapping[str, str]) -> str:
    """Return the trace of an answer as its `traceparent` names it, "" if it names none."""
    parts = headers.get("traceparent", "").split("-")
    return parts[1] if len(parts) > 1 else ""


def usd(body: bytes) -> float | None:
    """Return what the answer says that it cost, None if it does not say."""
    if _COST_MARK not in body:
        return None
    found = _COST.search(body)
    return float(found[1]) if found else None


def failure(answer: Answer, check: Check | None) -> str:
    """Return why an answer that came is a failure, "" if it is none."""
    if answer.status >= _FAILED_FROM:
        return f"HTTP {answer.status}"
    if check is None:
        return ""
    try:
        return check(answer)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        return f"an answer that cannot be read: {error_line(error)}"


def call_error(method: str, path: str, answer: Answer, reason: str) -> CallError:
    """Return the error of an unmeasured call; `reason` is why no answer came, if none did."""
    told = reason or f"HTTP {answer.status} {_message(answer)}".rstrip()
    return CallError(f"{method} {_ID.sub('[id]', path)}: {told}", answer.status)


def _message(answer: Answer) -> str:
    """Return what an error says of itself; the platform's two shapes, of others the beginning."""
    try:
        body = answer.json()
        return str(body["error"]["message"] if "error" in body else body["message"])
    except (LookupError, TypeError, ValueError):
        return answer.body[:_EXCERPT_BYTES].decode("utf-8", "replace")


def error_line(error: BaseException) -> str:
    """Return the error in one line: its kind, and its text if it has one."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
