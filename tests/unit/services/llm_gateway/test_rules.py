"""Small rules: names of models, statuses, waits, citations, and providers that cannot work."""

import pytest

from wattos_platform.contracts.chat import Passage
from wattos_platform.contracts.settings import SettingsError
from wattos_platform.services.llm_gateway.adapters.price_file import read_prices
from wattos_platform.services.llm_gateway.adapters.upstream_settings import read_providers
from wattos_platform.services.llm_gateway.domain.context_prompt import citations, with_passages
from wattos_platform.services.llm_gateway.domain.failures import asked_wait_s, from_status
from wattos_platform.services.llm_gateway.domain.models import ModelBook, Target
from wattos_platform.services.llm_gateway.domain.refusals import Refusal
from wattos_platform.services.llm_gateway.domain.wire import usage_of

LOCAL = Target("local", "wattos-extractive")


def book(**change) -> ModelBook:
    values = {
        "models": {"openai": ("gpt-4o",), "ollama": ()},
        "defaults": {"openai": "gpt-4o-mini", "ollama": "llama3.2"},
        "aliases": {"fast": (Target("ollama", "llama3.2"),)},
        "embedding_models": ("wattos-minilm",),
        "priced": read_prices().serves,
    }
    return ModelBook(**{**values, **change})


@pytest.mark.parametrize(
    ("name", "targets", "alias"),
    [
        ("default", (Target("openai", "gpt-4o-mini"), Target("ollama", "llama3.2"), LOCAL), True),
        ("fast", (Target("ollama", "llama3.2"),), True),
        ("wattos-extractive", (LOCAL,), False),
        ("gpt-4o", (Target("openai", "gpt-4o"),), False),
        ("gpt-4.1-2025-04-14", (Target("openai", "gpt-4.1-2025-04-14"),), False),
        ("ollama/anything:7b", (Target("ollama", "anything:7b"),), False),
        ("llama3.2", (Target("ollama", "llama3.2"),), False),
    ],
)
def test_what_a_name_means(name, targets, alias):
    resolution = book().resolve(name)
    assert (resolution.targets, resolution.alias) == (targets, alias)


@pytest.mark.parametrize("name", ["nobody", "azure/gpt-4o", "openai/", "wattos-minilm"])
def test_a_name_that_means_nothing_for_chat(name):
    with pytest.raises(Refusal) as caught:
        book().resolve(name)
    assert (caught.value.status, caught.value.code) == (404, "model_not_found")


def test_the_alias_default_always_ends_in_local():
    own = book(aliases={"default": (Target("openai", "gpt-4o"),)})
    assert own.resolve("default").targets == (Target("openai", "gpt-4o"), LOCAL)


def test_embeddings_never_change_their_model():
    assert book().resolve_embedding("default") == Target("local", "wattos-minilm")
    with pytest.raises(Refusal):
        book().resolve_embedding("fast")


def test_the_listing_names_each_model_once():
    listed = [entry["id"] for entry in book(discovered={"ollama": ("llama3.2", "gpt-4o")}).listing()]
    assert listed == [
        "default", "fast", "wattos-extractive", "wattos-minilm", "gpt-4o", "gpt-4o-mini", "llama3.2",
        "ollama/gpt-4o",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, "unavailable"),
        (400, "caller"),
        (401, "auth"),
        (403, "auth"),
        (404, "model_missing"),
        (408, "unavailable"),
        (413, "caller"),
        (429, "rate_limited"),
        (500, "unavailable"),
        (529, "unavailable"),
    ],
)
def test_what_a_status_means(status, kind):
    failure = from_status("p", status, {}, {"error": {"message": "m"}}, 0.0)
    assert failure.kind == kind
    assert failure.breaker_ignores == (kind in {"caller", "auth", "model_missing"})
    assert failure.falls_back == (kind != "caller")


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "7", "retry-after-ms": "250"}, 0.25),
        ({"Retry-After": "7", "retry-after-ms": "soon"}, 7.0),
    ],
)
def test_the_wait_that_a_provider_asks_for(headers, wait):
    assert asked_wait_s(headers, 10.0) == wait


@pytest.mark.parametrize(
    "usage", [None, [], {}, {"prompt_tokens": True}, {"prompt_tokens": -1}, {"prompt_tokens": "9"}]
)
def test_a_usage_that_says_nothing_counts_as_none(usage):
    assert usage_of({"usage": usage}) is None


PASSAGES = [
    Passage(id=f"p{n}", document_id="d", document="a.md", start=0, end=1, text=f"text {n}") for n in (1, 2)
]


def test_passages_go_after_the_callers_own_instructions():
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    roles = [m["role"] for m in with_passages(messages, PASSAGES)]
    assert roles == ["system", "system", "user"]
    assert with_passages(messages, []) == messages


def test_citations_are_the_markers_that_exist_in_order():
    found = citations("b [2], a [1], again [2], none [7] [0]", PASSAGES)
    assert [(c["id"], c["index"]) for c in found] == [("p2", 2), ("p1", 1)]


@pytest.mark.parametrize(
    ("llm", "reason"),
    [
        pytest.param({"providers": ["azure"]}, "set AZURE_OPENAI_ENDPOINT", id="azure-without-address"),
        pytest.param(
            {"providers": ["x"], "provider": {"x": {"base_url": "http://h", "kind": "bard"}}},
            "llm.provider.x.kind: 'bard'",
            id="unknown-kind",
        ),
        pytest.param({"providers": ["school"]}, "base_url", id="own-without-address"),
        pytest.param(
            {"providers": ["openai"], "provider": {"openai": {"base_url": "ftp://x"}}}, "http", id="no-http"
        ),
        pytest.param(
            {"providers": ["openai"], "provider": {"openai": {"base_url": "http://u:p@x"}}},
            "without",
            id="secret",
        ),
        pytest.param({"aliases": {"fast": []}}, "is empty", id="empty-alias"),
        pytest.param({"aliases": {"fast": ["openai/gpt-4o"]}}, "llm.aliases.fast", id="alias-of-inactive"),
    ],
)
def test_providers_that_cannot_work_are_refused_at_start(llm, reason):
    with pytest.raises(SettingsError, match=reason):
        read_providers({"llm": llm}, {})


def test_the_seeds_variables_are_read(tmp_path):
    file = tmp_path / "key"
    file.write_text("sk-from-file\n")
    environ = {
        "OPENAI_API_KEY_FILE": str(file),
        "OLLAMA_BASE_URL": "http://gpu:11434/",
        "OLLAMA_MODEL": "mistral",
    }
    openai, ollama = read_providers({"llm": {"providers": ["openai", "local", "ollama"]}}, environ).upstreams
    assert (openai.key, openai.base_url) == ("sk-from-file", "https://api.openai.com/v1")
    assert (ollama.base_url, ollama.default_model, ollama.needs_key) == (
        "http://gpu:11434",
        "mistral",
        False,
    )
    assert "sk-from-file" not in repr(openai)


def test_a_key_file_that_is_not_there_is_named():
    with pytest.raises(SettingsError, match="OPENAI_API_KEY_FILE: /nowhere cannot be read"):
        read_providers({"llm": {"providers": ["openai"]}}, {"OPENAI_API_KEY_FILE": "/nowhere"})
