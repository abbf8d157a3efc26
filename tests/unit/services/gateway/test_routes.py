"""The gateway's table of routes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_platform.catalog import SERVICES
from wattos_platform.contracts.limits import LimitClass
from wattos_platform.services.gateway.domain.matching import RouteTable, hides_a_separator, is_ambiguous
from wattos_platform.services.gateway.domain.permissions import ROLES, Permission, permissions_of
from wattos_platform.services.gateway.domain.routes import OWN, ROUTES, GatewayRoute, Streams

TABLE = RouteTable(ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_asks_for_a_permission_some_role_has(route: GatewayRoute) -> None:
    assert isinstance(route.permission, Permission)
    assert any(route.permission in allowed for allowed in ROLES.values())


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_has_an_upstream_of_the_catalog_and_is_found_by_its_own_path(route: GatewayRoute) -> None:
    assert route.upstream in {service.name for service in SERVICES} | {OWN}
    assert isinstance(route.limit, LimitClass)
    assert isinstance(route.streams, Streams)
    found = TABLE.find(route.path.replace("{", "").replace("}", "").replace(":path", ""))
    assert found is not None
    assert found[route.method] == route


@pytest.mark.parametrize(
    ("path", "template"),
    [
        pytest.param("/api/v1/conversations", "/api/v1/conversations", id="defect-11"),
        pytest.param(
            "/api/v1/conversations/c1/messages",
            "/api/v1/conversations/{conversation_id}/messages",
            id="defect-12",
        ),
        ("/v1/models", "/v1/models"),
        ("/v1/models/meta/llama", "/v1/models/{model:path}"),
        ("/api/v1/documents/d", "/api/v1/documents/{document_id}"),
    ],
)
def test_a_path_finds_its_template(path: str, template: str) -> None:
    found = TABLE.find(path)
    assert found is not None
    assert {route.path for route in found.values()} == {template}


@pytest.mark.parametrize(
    "path",
    ["/", "", "/v1", "/v1/", "/v1/models/", "/api/v1/conversations/", "/api/v1/conversations//messages",
     "/admin/tokens", "/v1/files", "/api/v1/documents/a/b/c", "/api/v2/conversations"],
)  # fmt: skip
def test_what_is_not_in_the_table_does_not_exist(path: str) -> None:
    assert TABLE.find(path) is None


def test_two_lines_for_one_method_and_path_are_a_bug() -> None:
    with pytest.raises(ValueError, match="two routes for GET /v1/models"):
        RouteTable([*ROUTES, GatewayRoute("GET", "/v1/models", "chat", Permission.LLM_USE)])


@pytest.mark.parametrize(
    "raw",
    [
        *(b"/api/v1/documents/..", b"/api/v1/documents/../audit", b"/api/v1/./audit", b"/a/."),
        *(b"/api//v1", b"/a/%2e%2e/b", b"/a/%2E./b", b"/a/%2fb", b"/a%2f%2fb", b"/a%2f..%2Fb"),
        *(b"/a/..%2fb", b"/a%2f.", b"/a%5Cb", b"/a%00", b"/a%0d%0ax", b"/a\\b", b"/a\xffb", b"/a b"),
    ],
)
def test_a_path_that_two_servers_could_read_differently_is_ambiguous(raw: bytes) -> None:
    assert is_ambiguous(raw)


@pytest.mark.parametrize("raw", [b"/v1/models/gpt-4.1", b"/api/v1/documents/a..b", b"/v1/models/a%3Ab", b"/"])
def test_an_ordinary_path_is_not_ambiguous(raw: bytes) -> None:
    assert not is_ambiguous(raw)


@given(
    st.lists(
        st.sampled_from(["api", "v1", "conversations", "x", "", "models", "messages", "{run_id}"]), max_size=7
    )
)
def test_the_compiled_table_agrees_with_a_plain_scan(segments: list[str]) -> None:
    path = "/" + "/".join(segments)
    expected = {route for route in ROUTES if _matches(route.path, path)}
    found = TABLE.find(path)
    assert set((found or {}).values()) <= expected
    assert bool(found) == bool(expected)


def _matches(template: str, path: str) -> bool:
    wanted, given_ = template.split("/"), path.split("/")
    if wanted[-1].endswith(":path}"):
        head = len(wanted) - 1
        return given_[:head] == wanted[:head] and len(given_) > head and given_[head] != ""
    return len(wanted) == len(given_) and all(
        w == g or (w.startswith("{") and g != "") for w, g in zip(wanted, given_, strict=True)
    )


@pytest.mark.parametrize(
    ("raw", "template", "hidden"),
    [
        (b"/v1/models/meta%2Fllama", "/v1/models/{model:path}", False),
        (b"/v1%2fmodels/x", "/v1/models/{model:path}", True),
        (b"/api/v1/documents/a%2Ftext", "/api/v1/documents/{document_id}/text", True),
        (b"/api/v1%2faudit", "/api/v1/audit", True),
        (b"/api/v1/documents/a%20b", "/api/v1/documents/{document_id}", False),
    ],
)
def test_an_encoded_slash_stands_only_where_the_rest_is_one_value(
    raw: bytes, template: str, hidden: bool
) -> None:
    route = next(route for route in ROUTES if route.path == template)
    assert hides_a_separator(raw, route) is hidden


def test_roles_grow_from_viewer_to_admin_and_an_unknown_role_allows_nothing() -> None:
    assert ROLES["viewer"] < ROLES["editor"] < ROLES["admin"]
    assert permissions_of(["owner", ""]) == frozenset()
    assert permissions_of(["viewer", "owner"]) == ROLES["viewer"]


@pytest.mark.parametrize(
    ("role", "method", "path", "allowed"),
    [
        pytest.param("viewer", "GET", "/api/v1/audit", False, id="defect-19-audit"),
        pytest.param("editor", "GET", "/api/v1/audit", False, id="defect-19-audit-editor"),
        pytest.param("admin", "GET", "/api/v1/audit", True, id="defect-19-audit-admin"),
        ("viewer", "POST", "/v1/chat/completions", False),
        ("editor", "POST", "/v1/chat/completions", True),
        ("editor", "DELETE", "/api/v1/knowledge-spaces/{space_id}", False),
        ("admin", "DELETE", "/api/v1/knowledge-spaces/{space_id}", True),
        ("editor", "POST", "/api/v1/approvals/{approval_id}/approve", False),
        ("viewer", "POST", "/api/v1/search", True),
        ("viewer", "POST", "/api/v1/knowledge-spaces", False),
    ],
)
def test_who_may_what(role: str, method: str, path: str, allowed: bool) -> None:
    (route,) = [route for route in ROUTES if (route.method, route.path) == (method, path)]
    assert (route.permission in ROLES[role]) is allowed
