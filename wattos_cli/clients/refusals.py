"""What a refusal of the platform means for a person: reason, remedy and exit code."""

import json
from collections.abc import Mapping
from typing import Any

from wattos_cli.errors import ExitCode, WattosError

_UNAUTHORIZED = 401
_FORBIDDEN = 403
_TOO_MANY = 429
_UNAVAILABLE = frozenset({502, 503, 504})
_SERVER_ERROR = 500


def unreachable(url: str, reason: str) -> WattosError:
    """Return the error (exit 4) for a platform that does not answer."""
    return WattosError(
        f"cannot reach the platform at {url}: {reason}",
        hint="see what runs with: wattos ps   start it with: wattos up",
        code="gateway_unreachable",
        exit_code=ExitCode.UNREACHABLE,
        details={"url": url},
    )


def refusal(status: int, body: bytes, headers: Mapping[str, str], url: str) -> WattosError:
    """Return the error for an HTTP answer that is no success; its message is the service's own."""
    answer = _parsed(body)
    message = str(answer.get("message") or f"the platform answered {status}")
    request_id = str(answer.get("requestId") or headers.get("x-request-id") or "")
    hint, code, exit_code = (
        f"wattos logs --request {request_id}",
        str(answer.get("code") or "refused"),
        ExitCode.NO,
    )
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        hint = "make a credential with: wattos token create --tenant T --role editor   and set WATTOS_TOKEN"
        exit_code = ExitCode.UNREACHABLE
    elif status in _UNAVAILABLE:
        hint = "see what is down or left alone with: wattos health   wattos breaker list"
        exit_code = ExitCode.UNREACHABLE
    elif status == _TOO_MANY:
        wait = headers.get("retry-after", "a few")
        hint = f"try again in {wait} s, or raise it in wattos.toml: [limits], or rate_limit in [settings]"
    elif status < _SERVER_ERROR and not request_id:
        hint = ""
    return WattosError(
        message,
        hint=hint,
        code=code,
        exit_code=exit_code,
        details={"status": status, "url": url, "request_id": request_id, "details": answer.get("details")},
    )


def unexpected(what: str) -> WattosError:
    """Return the error (exit 4) for an answer that no wattos of this version gives."""
    return WattosError(
        f"the platform's answer is not understood: {what}",
        hint="does another program answer at that address, or another version? see: wattos ps",
        code="unexpected_answer",
        exit_code=ExitCode.UNREACHABLE,
    )


def part(answer: Any, name: str) -> Any:
    """Return the member `name` of a JSON answer; WattosError (exit 4) when it is not there."""
    if not isinstance(answer, dict) or name not in answer:
        raise unexpected(f"it has no {name!r}")
    return answer[name]


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(value, dict):
        return {}
    inner = value.get("error")
    return inner if isinstance(inner, dict) else value
