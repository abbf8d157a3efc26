"""Which upstreams the configuration means: the bundled providers by the seed's variables, others by kind."""

import pytest

from wattos_platform.services.llm_gateway.adapters.upstream_settings import read_providers
from wattos_platform.services.llm_gateway.adapters.wire_formats import format_of
from wattos_platform.services.llm_gateway.domain.chat_request import parse_chat
from wattos_platform.services.llm_gateway.domain.configured import UpstreamSettings

CHAT = parse_chat({"model": "m", "messages": [{"role": "user", "content": "Hi"}]})


def only(name: str, environ: dict[str, str], **given: object) -> UpstreamSettings:
    config = {"llm": {"providers": [name], "provider": {name: given}}}
    (found,) = read_providers(config, environ).upstreams
    return found


def test_azure_is_set_up_by_its_own_variables():
    environ = {
        "AZURE_OPENAI_ENDPOINT": "https://school.openai.azure.com/",
        "AZURE_OPENAI_API_KEY": "k",
        "AZURE_OPENAI_API_VERSION": "2024-10-21",
        "AZURE_OPENAI_DEPLOYMENT_NAME": "mini",
    }
    found = only("azure", environ)
    assert (found.kind, found.base_url, found.key) == ("azure", "https://school.openai.azure.com", "k")
    assert (found.api_version, found.default_model) == ("2024-10-21", "mini")
    path = format_of(found).chat("mini", CHAT, stream=False).path
    assert path == "/openai/deployments/mini/chat/completions?api-version=2024-10-21"


def test_deployments_are_models_under_other_names():
    found = only(
        "azure", {}, base_url="https://h/openai/v1", deployments={"gpt-4o": "big", "gpt-4o-mini": "small"}
    )
    assert (found.base_url, found.models, found.default_model) == (
        "https://h",
        ("gpt-4o", "gpt-4o-mini"),
        "gpt-4o",
    )
    call = format_of(found).chat("gpt-4o-mini", CHAT, stream=False)
    assert call.path == "/openai/v1/chat/completions"
    assert b'"model":"small"' in call.body


@pytest.mark.parametrize(
    ("environ", "key"),
    [
        ({"GOOGLE_API_KEY": "a"}, "a"),
        ({"GEMINI_API_KEY": "b"}, "b"),
        ({"GEMINI_API_KEY": "b", "GOOGLE_API_KEY": "a"}, "a"),
        ({}, ""),
    ],
)
def test_googles_key_has_two_names(environ, key):
    found = only("google", environ)
    assert found.key == key
    assert found.problem == (None if key else "it has no key: set GOOGLE_API_KEY or GEMINI_API_KEY")


@pytest.mark.parametrize(
    ("name", "given", "base_url"),
    [
        ("openai", "https://h/v1/", "https://h/v1"),
        ("openai", "https://h/api", "https://h/api"),
        ("azure", "https://h/openai/", "https://h"),
        ("anthropic", "https://h/v1", "https://h"),
        ("anthropic", "https://h/proxy/anthropic", "https://h/proxy/anthropic"),
        ("google", "https://h/v1beta", "https://h"),
        ("ollama", "http://h:11434/v1", "http://h:11434"),
        ("ollama", "http://h:11434/api/", "http://h:11434"),
    ],
)
def test_a_base_url_may_end_in_the_path_to_the_api(name, given, base_url):
    assert only(name, {}, base_url=given).base_url == base_url


@pytest.mark.parametrize(
    ("name", "variable"), [("anthropic", "ANTHROPIC_BASE_URL"), ("google", "GOOGLE_BASE_URL")]
)
def test_another_address_for_a_bundled_provider(name, variable):
    assert only(name, {variable: "https://proxy.example/v1"}).base_url == "https://proxy.example"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("openai", "/chat/completions"),
        ("anthropic", "/v1/messages"),
        ("google", "/v1beta/models/m:generateContent"),
        ("ollama", "/api/chat"),
    ],
)
def test_a_bundled_provider_speaks_its_own_format(name, path):
    found = only(name, {})
    assert found.default_model
    assert format_of(found).chat("m", CHAT, stream=False).path == path


def test_an_upstream_of_ones_own_may_be_of_any_kind():
    found = only("claude-eu", {"EU_KEY": "k"}, base_url="https://h", kind="anthropic", api_key_env="EU_KEY")
    assert (found.kind, found.key, found.needs_key, found.default_model) == ("anthropic", "k", True, "")
    assert format_of(found).headers("k")["x-api-key"] == "k"
    assert only("house", {}, base_url="http://h/v1").kind == "openai"
