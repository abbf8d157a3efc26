"""Redaction as the kernel uses it; the rules are shared with `wattos export` and stand in contracts."""

from wattos_platform.contracts.redaction import REDACTED, redact, redact_text

__all__ = ["REDACTED", "redact", "redact_text"]
