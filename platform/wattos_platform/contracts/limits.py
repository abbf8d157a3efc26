"""The section `[limits]` of wattos.toml as services read it: rates at the gateway, quotas of model use.

A rate is written like `100r/m`. Quotas: `tokens_per_minute`, `concurrent_streams`, `usd_per_day` (a UTC day).
`shadow = true` counts and decides, but refuses nobody.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from wattos_platform.contracts.settings import SettingsError

_RATE = re.compile(r"[1-9]\d*r/[smhd]\Z")
_MOST_NAMES = 10_000


def _rate(text: str) -> str:
    if not _RATE.match(text):
        raise ValueError(f"{text!r} must be a rate like 100r/m (s, m, h or d)")
    return text


def _exact(value: object) -> object:
    """Read a number of TOML or JSON by its digits, so that 0.1 is a tenth."""
    return str(value) if isinstance(value, float) else value


RateText = Annotated[str, AfterValidator(_rate)]
Usd = Annotated[Decimal, BeforeValidator(_exact), Field(gt=0, le=1_000_000, decimal_places=6)]


class Quota(BaseModel):
    """What a tenant, a user or a model may use; None is no limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens_per_minute: int | None = Field(default=None, gt=0, le=10_000_000_000)
    concurrent_streams: int | None = Field(default=None, gt=0, le=100_000)
    usd_per_day: Usd | None = None
    shadow: bool = False


class TenantLimits(Quota):
    """What one tenant has instead of the defaults: its quota, and rates at the gateway."""

    user: RateText | None = None
    tenant: RateText | None = None


class Limits(BaseModel):
    """The whole section: defaults for each tenant, user and model, and others for those that are named.

    A named quota replaces the default as a whole. A user is named `TENANT/USER`, a model as it is asked for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant: Quota = Quota()
    user: Quota = Quota()
    model: Quota = Quota()
    tenants: dict[str, TenantLimits] = Field(default_factory=dict, max_length=_MOST_NAMES)
    users: dict[str, Quota] = Field(default_factory=dict, max_length=_MOST_NAMES)
    models: dict[str, Quota] = Field(default_factory=dict, max_length=_MOST_NAMES)
    classes: dict[str, RateText] = Field(default_factory=dict)


def read_limits(config: Mapping[str, Any]) -> Limits:
    """Return the section of the generated configuration; SettingsError names what is wrong in it."""
    try:
        return Limits.model_validate(config.get("limits") or {})
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(["limits", *(str(part) for part in first["loc"])])
        raise SettingsError(f"{where}: {str(first['msg']).removeprefix('Value error, ')}") from None
