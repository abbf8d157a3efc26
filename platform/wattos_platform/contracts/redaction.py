"""Secrets never reach a log: by the name of the field, and by the look of the value."""

import re
from typing import Any

REDACTED = "[redacted]"
_MAX_DEPTH = 8
_SECRET_KEY = re.compile(
    r"(?:^|[_\-.])(?:authorization|proxy[_-]authorization|cookie|set[_-]cookie|passw(?:or)?d|passphrase|secret|"
    r"credentials?|api[_-]?key|access[_-]?key|private[_-]?key|identity[_-]?key|(?:access|refresh|id|bearer|"
    r"operator|auth|session|csrf)?[_-]?token|x[_-]wattos[_-]identity|dsn|connection[_-]string|jwt)$",
    re.IGNORECASE,
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=\-]{6,}", re.IGNORECASE), rf"\1 {REDACTED}"),
    (re.compile(r"\beyJ[A-Za-z0-9_\-]{4,}\.[A-Za-z0-9_\-]{4,}\.[A-Za-z0-9_\-]*"), REDACTED),
    (
        re.compile(
            r"\b(?:sk|pk|rk|wk|xox[abprs]|ghp|gho|github_pat|glpat|AKIA|AIza)[_\-]?[A-Za-z0-9_\-]{16,}"
        ),
        REDACTED,
    ),
    (
        re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.\-]{1,20}://)[^\s/@:]*:[^\s/@]+@", re.IGNORECASE),
        rf"\g<scheme>{REDACTED}@",
    ),
    (
        re.compile(
            r"(?P<name>\b(?:password|passwd|pwd|secret|api[_-]?key|access[_-]?token|token|client_secret)"
            r"[\"']?\s*[=:]\s*[\"']?)[^\s\"',;&}]{3,}",
            re.IGNORECASE,
        ),
        rf"\g<name>{REDACTED}",
    ),
    (
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
        ),
        REDACTED,
    ),
)
# One cheap look decides for nearly every text that no pattern can match.
_SUSPICIOUS = re.compile(
    r"(?i)bearer|basic|eyJ|://|passw|pwd|secret|key|token|-----BEGIN|sk[-_]|pk[-_]|rk[-_]|wk[-_]|xox|gh[po]_|glpat|AKIA|AIza"
)


def redact_text(text: str) -> str:
    """Return `text` with everything that looks like a credential replaced."""
    if not _SUSPICIOUS.search(text):
        return text
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redact(value: Any, key: str = "", depth: int = 0) -> Any:
    """Return `value` as it may be logged under the name `key`; containers are copied, depth is capped."""
    if key and _SECRET_KEY.search(key) and not isinstance(value, (int, float, bool, type(None))):
        return REDACTED
    if isinstance(value, str):
        return redact_text(value)
    if depth >= _MAX_DEPTH:
        return redact_text(str(value))
    if isinstance(value, dict):
        return {str(name): redact(item, str(name), depth + 1) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact(item, key, depth + 1) for item in value]
    return value
