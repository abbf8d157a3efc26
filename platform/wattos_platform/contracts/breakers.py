"""What the CLI and /admin/breakers agree on; plain values, because the CLI starts without pydantic."""

from typing import Literal

MAX_REASON_CHARS = 200
MAX_ACTOR_CHARS = 128
MAX_TTL_S = 30 * 86400

# The order in which people want to see states: what stops calls first.
STATES = ("forced_open", "open", "half_open", "disabled", "metrics_only", "closed")

Scope = Literal["replica", "service", "platform"]
