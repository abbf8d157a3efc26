"""Who was verified by the gateway, and for which of their tenants they speak now."""

import re
from dataclasses import dataclass, field

from wattos_platform.contracts.identity import Identity
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.services.gateway.domain.permissions import Permission, permissions_of

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z")
_USER = re.compile(r"[\x21-\x7e]{1,128}\Z")


def is_tenant_name(name: object) -> bool:
    """Return whether `name` can be a tenant: 1 to 63 of letters, digits, dot, dash, underscore."""
    return isinstance(name, str) and _NAME.match(name) is not None


def is_user_name(name: object) -> bool:
    """Return whether `name` can be a user: 1 to 128 visible ASCII characters."""
    return isinstance(name, str) and _USER.match(name) is not None


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller. `expires_at` is epoch seconds; `per_minute` a request limit of the credential's own.

    `identities` holds one signed-for identity per tenant the credential allows, the first being its home.
    """

    user: str
    tenants: tuple[str, ...]
    roles: tuple[str, ...]
    credential_id: str
    expires_at: float
    per_minute: int | None = None
    permissions: frozenset[Permission] = field(init=False)
    identities: dict[str, Identity] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "permissions", permissions_of(self.roles))
        identities = {tenant: Identity(tenant, self.user, self.roles) for tenant in self.tenants}
        object.__setattr__(self, "identities", identities)

    def identity_for(self, named: str | None) -> Identity:
        """Return the identity for the tenant that the caller named, or for the home tenant.

        ServiceError 403 when the credential does not allow that tenant: the header chooses among tenants
        that the token grants, it never grants one.
        """
        if named is None:
            return self.identities[self.tenants[0]]
        found = self.identities.get(named)
        if found is None:
            raise ServiceError(
                403,
                "tenant_forbidden",
                "X-Tenant-Id names a tenant that this token does not allow; leave the header out to use the"
                " token's own tenant.",
            )
        return found

    def require(self, permission: Permission) -> None:
        """Return if the caller has `permission`; ServiceError 403 naming it if not."""
        if permission not in self.permissions:
            held = ", ".join(self.roles) or "none"
            raise ServiceError(
                403,
                "permission_denied",
                f"This needs {permission.value}, which the roles of this token ({held}) do not have.",
            )
