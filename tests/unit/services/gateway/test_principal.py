"""For which tenant a caller speaks."""

import pytest

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.services.gateway.domain.permissions import Permission
from wattos_platform.services.gateway.domain.principal import Principal, is_tenant_name, is_user_name

ADA = Principal("ada", ("school", "town"), ("editor",), "k1", 1.0)


def test_the_tenant_comes_from_the_token() -> None:
    assert ADA.identity_for(None).tenant == "school"


def test_the_header_chooses_among_the_tokens_tenants() -> None:
    assert ADA.identity_for("town").tenant == "town"


@pytest.mark.parametrize(
    "named",
    [pytest.param("bank", id="defect-15"), pytest.param("", id="empty"), pytest.param("School", id="case")],
)
def test_the_header_never_grants_a_tenant(named: str) -> None:
    with pytest.raises(ServiceError) as caught:
        ADA.identity_for(named)
    assert (caught.value.status, caught.value.code) == (403, "tenant_forbidden")


def test_a_missing_permission_is_named() -> None:
    ADA.require(Permission.LLM_USE)
    with pytest.raises(ServiceError, match="audit:read"):
        ADA.require(Permission.AUDIT_READ)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "-a", "a" * 64, "a\n", "é", None, 3])
def test_not_a_tenant_name(name: object) -> None:
    assert not is_tenant_name(name)


@pytest.mark.parametrize("name", ["", "a b", "a\r\nx: y", "é", "a" * 129, None])
def test_not_a_user_name(name: object) -> None:
    assert not is_user_name(name)
