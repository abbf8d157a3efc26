"""The answers of /health, /health/liveness and /health/readiness (`wattos.health/v1`)."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["healthy", "degraded", "unhealthy"]


class CheckResult(BaseModel):
    """The last known state of one dependency; times in milliseconds and seconds as named."""

    model_config = ConfigDict(extra="ignore")

    status: Literal["up", "down", "degraded"]
    critical: bool
    response_time_ms: float
    age_s: float
    message: str | None = None


class HealthReport(BaseModel):
    """The full health of one replica."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    schema_: str = Field(default="wattos.health/v1", alias="schema")
    contracts_version: str
    service: str
    status: Status
    timestamp: str
    message: str
    version: str
    uptime_s: float
    checks: dict[str, CheckResult] = Field(default_factory=dict)
    info: dict[str, str] = Field(default_factory=dict)
