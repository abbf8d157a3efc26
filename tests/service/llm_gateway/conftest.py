"""A model gateway over one upstream that a test scripts."""

import pytest

from tests.fakes.llm.asking import KEY
from tests.fakes.llm.service import llm_service
from tests.fakes.llm.upstream import scripted_upstream


@pytest.fixture
async def upstream():
    async with scripted_upstream() as running:
        yield running


@pytest.fixture
def lines():
    """What the gateway has logged."""
    return []


@pytest.fixture
async def gateway(request, tmp_path, upstream, lines):
    """A gateway whose provider `openai` is the upstream; a parameter gives more of its environment."""
    config = {"llm": {"providers": ["openai"], "provider": {"openai": {"base_url": upstream.url}}}}
    environ = {"OPENAI_API_KEY": KEY, **getattr(request, "param", {})}
    async with llm_service(tmp_path, config=config, environ=environ, lines=lines) as running:
        yield running
