"""The section `[limits]` of wattos.toml as services read it: rates at the gateway, quotas of model use.

A rate is written like `100r/m`. Quotas: `tokens_per_minute`, `concurrent_streams`, `usd_per_day` (a UTC day).
`shadow = true` counts and decides, but refuses nobody.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from wattos_platform.contracts.settings import SettingsError

_RATE = re.compile(r"[1-9]\d*r/[smhd]\Z")
_USER = re.compile(r"[^/]+/.+", re.DOTALL)
_MOST_NAMES = 10_000


class LimitClass(StrEnum):
    """A kind of route at the gateway: the largest body it takes, and the rate it may have of its own."""

    STANDARD = "standard"
    MODEL = "model"
    UPLOAD = "upload"


def _rate(text: str) -> str:
    if not _RATE.match(text):
        raise ValueError(f"{text!r} must be a rate like 100r/m (s, m, h or d)")
    return text


def _user(name: str) -> str:
    if not _USER.fullmatch(name):
        raise ValueError(f"{name!r} must be TENANT/USER, as users of two tenants may share a name")
    return name


def _exact(value: object) -> object:
    """Read a number of TOML or JSON by its digits, so that 0.1 is a tenth."""
    return str(value) if isinstance(value, float) else value


RateText = Annotated[str, AfterValidator(_rate)]
UserName = Annotated[str, AfterValidator(_user)]
Usd = Annotated[Decimal, BeforeValidator(_exact), Field(gt=0, le=1_000_000, decimal_places=6)]


class Quota(BaseModel):
    """What a tenant, a user or a model may use; None is no limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens_per_minute: int | None = Field(
        default=None, strict=True, gt=0, le=10_000_000_000, description="Tokens of prompts and answers."
    )
    concurrent_streams: int | None = Field(
        default=None, strict=True, gt=0, le=100_000, description="Streamed answers at the same time."
    )
    usd_per_day: Usd | None = Field(default=None, description="US dollars in a UTC day.")
    shadow: bool = Field(
        default=False, strict=True, description="Count and decide what would be refused, but refuse nobody."
    )


class TenantLimits(Quota):
    """What one tenant has instead of the defaults: its quota, and rates at the gateway."""

    user: RateText | None = Field(default=None, description="Requests of each of its users, like `100r/m`.")
    tenant: RateText | None = Field(default=None, description="Requests of all its users, like `1000r/m`.")


class Limits(BaseModel):
    """The whole section: defaults for each tenant, user and model, and others for those that are named.

    A named quota replaces the default as a whole. A user is named `TENANT/USER`, a model as it is asked for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant: Quota = Field(default=Quota(), description="What each tenant may use of the models.")
    user: Quota = Field(default=Quota(), description="What each user may use of the models.")
    model: Quota = Field(default=Quota(), description="What each model may be used for by all.")
    tenants: dict[str, TenantLimits] = Field(
        default_factory=dict, max_length=_MOST_NAMES, description="What the tenants named here have instead."
    )
    users: dict[UserName, Quota] = Field(
        default_factory=dict, max_length=_MOST_NAMES, description="What the users named here have instead."
    )
    models: dict[str, Quota] = Field(
        default_factory=dict, max_length=_MOST_NAMES, description="What the models named here have instead."
    )
    classes: dict[LimitClass, RateText] = Field(
        default_factory=dict, description="Requests of each user to one kind of route, beside all others."
    )


def read_limits(config: Mapping[str, Any]) -> Limits:
    """Return the section of the generated configuration; SettingsError names what is wrong in it."""
    try:
        return Limits.model_validate(config.get("limits") or {})
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(["limits", *(str(part) for part in first["loc"])])
        raise SettingsError(f"{where}: {str(first['msg']).removeprefix('Value error, ')}") from None
