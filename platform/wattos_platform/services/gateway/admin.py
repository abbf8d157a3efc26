"""/admin/tokens on the operations listener: making, listing and revoking credentials."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from wattos_platform.kernel.answers import NOT_STORED, json_answer
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.requests import parse, query
from wattos_platform.kernel.timestamps import rfc3339
from wattos_platform.services.gateway.domain.credentials import Credential
from wattos_platform.services.gateway.domain.principal import is_tenant_name, is_user_name
from wattos_platform.services.gateway.tokens import CredentialService

MAX_TTL_S = 366 * 86400
MAX_PER_MINUTE = 100_000_000


def _tenant(name: str) -> str:
    if not is_tenant_name(name):
        raise ValueError(
            "a tenant is 1 to 63 letters, digits, dots, dashes or underscores, a letter or digit first"
        )
    return name


def _user(name: str) -> str:
    if not is_user_name(name):
        raise ValueError("a user is 1 to 128 visible ASCII characters")
    return name


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OwnLimits(_Strict):
    """Limits that a credential bears itself, instead of those of its user."""

    per_minute: int = Field(ge=1, le=MAX_PER_MINUTE)


class NewToken(_Strict):
    """What POST /admin/tokens takes; without `jwt` the answer is an API key."""

    tenant: Annotated[str, AfterValidator(_tenant)]
    user: Annotated[str, AfterValidator(_user)]
    role: Literal["admin", "editor", "viewer"]
    ttl_s: int = Field(default=86400, ge=1, le=MAX_TTL_S)
    jwt: bool = False
    limits: OwnLimits | None = None


class Revocation(_Strict):
    """What POST /admin/tokens/revoke takes: the token itself, or the id it was made under."""

    token: str | None = Field(default=None, max_length=8192)
    id: str | None = Field(default=None, max_length=128)

    @model_validator(mode="after")
    def _one_of_them(self) -> "Revocation":
        if (self.token is None) == (self.id is None):
            raise ValueError("give either token or id")
        return self


class TokenQuery(_Strict):
    """The query string of GET /admin/tokens."""

    cursor: str | None = Field(default=None, max_length=64)
    limit: int = Field(default=100, ge=1, le=1000)
    tenant: Annotated[str, AfterValidator(_tenant)] | None = None
    revoked: bool | None = None


@dataclass(frozen=True, slots=True)
class TokenEndpoints:
    """The handlers; `clock` gives epoch seconds."""

    credential_service: CredentialService
    clock: Callable[[], float]

    def routes(self) -> list[BaseRoute]:
        """Return the routes for ServiceSpec.admin_routes."""
        return [
            Route("/admin/tokens", self.create, methods=["POST"]),
            Route("/admin/tokens", self.page, methods=["GET"]),
            Route("/admin/tokens/revoke", self.revoke, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        """Answer 201 with the token, which nobody can read again afterwards."""
        asked = await parse(request, NewToken)
        token, credential = await self.credential_service.make(
            tenant=asked.tenant,
            user=asked.user,
            role=asked.role,
            ttl_s=asked.ttl_s,
            kind="jwt" if asked.jwt else "key",
            per_minute=asked.limits.per_minute if asked.limits else None,
        )
        return json_answer({"token": token, **_shown(credential)}, 201, NOT_STORED)

    async def page(self, request: Request) -> Response:
        """Answer with credentials in the order they were made, without any secret."""
        asked = query(request, TokenQuery)
        rows = await self.credential_service.page(
            asked.cursor, asked.limit + 1, tenant=asked.tenant, revoked=asked.revoked
        )
        shown = rows[: asked.limit]
        following = shown[-1].id if len(rows) > asked.limit else None
        return json_answer(
            {"items": [_shown(row) for row in shown], "next_cursor": following}, headers=NOT_STORED
        )

    async def revoke(self, request: Request) -> Response:
        """Revoke and say what; 404 for an id or key that was never made here."""
        asked = await parse(request, Revocation)
        revoked_id = (
            await self.credential_service.revoke_token(asked.token)
            if asked.token is not None
            else await self.credential_service.revoke_id(asked.id or "")
        )
        if revoked_id is None:
            raise ServiceError(404, "token_not_found", "No token of this platform goes by that.")
        return json_answer({"id": revoked_id, "revoked_at": rfc3339(self.clock())}, headers=NOT_STORED)


def _shown(credential: Credential) -> dict[str, Any]:
    revoked = credential.revoked_at
    return {
        "id": credential.id,
        "kind": credential.kind,
        "tenant": credential.tenant,
        "user": credential.user,
        "role": credential.role,
        "limits": None if credential.per_minute is None else {"per_minute": credential.per_minute},
        "created_at": rfc3339(credential.created_at),
        "expires_at": rfc3339(credential.expires_at),
        "revoked_at": None if revoked is None else rfc3339(revoked),
    }
