"""Calls from one service to another, with everything a call must have."""

from wattos_platform.kernel.hops.errors import HopError, HopUnavailable
from wattos_platform.kernel.hops.ports import HopClient, HopResponse
from wattos_platform.kernel.hops.registry import Hops
from wattos_platform.kernel.hops.settings import HopSettings

__all__ = ["HopClient", "HopError", "HopResponse", "HopSettings", "HopUnavailable", "Hops"]
