"""What the gateway promises of a service, that serves; what it serves, the gateway lets through."""

import re
from pathlib import Path

import pytest

from tests.fakes.kernel.hops import FakeHop
from tests.fakes.services.running_service import running_service
from wattos_platform.catalog import service as catalog_service
from wattos_platform.kernel.bootstrap import load_factory
from wattos_platform.services.gateway.domain.routes import ROUTES

# Approvals come with the first tool that changes something; until then nothing can wait for one.
_LATER = re.compile(r"/api/v1/approvals(/|$)")


@pytest.mark.parametrize(
    "name", [pytest.param(name, id=f"defect-12-{name}") for name in ("agent", "chat", "llm-gateway", "rag")]
)
async def test_gateway_and_service_have_the_same_routes(name: str, tmp_path: Path) -> None:
    promised = {
        (route.method, shape(route.path))
        for route in ROUTES
        if route.upstream == name and not _LATER.match(route.path)
    }
    hops = {"rag": FakeHop(), "llm-gateway": FakeHop()}
    factory = load_factory(catalog_service(name))
    async with running_service(name, factory, tmp_path, hops) as service:
        served = {
            (method, shape(route.path))
            for route in service.app._spec.routes
            for method in route.methods - {"HEAD"}  # type: ignore[attr-defined]
        }
    assert served == promised


def shape(path: str) -> str:
    return re.sub(r"\{[^}]+\}", "{}", path)
