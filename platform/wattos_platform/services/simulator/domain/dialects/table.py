"""Which path of which provider is answered by which operation: the paths that real clients use."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from wattos_platform.services.simulator.domain.dialects import azure
from wattos_platform.services.simulator.domain.dialects.anthropic import messages
from wattos_platform.services.simulator.domain.dialects.anthropic import models as anthropic_models
from wattos_platform.services.simulator.domain.dialects.anthropic import provider as anthropic_provider
from wattos_platform.services.simulator.domain.dialects.google import embeddings as google_embeddings
from wattos_platform.services.simulator.domain.dialects.google import generate
from wattos_platform.services.simulator.domain.dialects.google import models as google_models
from wattos_platform.services.simulator.domain.dialects.google import provider as google_provider
from wattos_platform.services.simulator.domain.dialects.ollama import chat as ollama_chat
from wattos_platform.services.simulator.domain.dialects.ollama import embed, tags
from wattos_platform.services.simulator.domain.dialects.ollama import provider as ollama_provider
from wattos_platform.services.simulator.domain.dialects.openai import chat, completions, embeddings, responses
from wattos_platform.services.simulator.domain.dialects.openai import models as openai_models
from wattos_platform.services.simulator.domain.dialects.openai import provider as openai_provider
from wattos_platform.services.simulator.domain.operations import embedding, generation, listing
from wattos_platform.services.simulator.domain.reply import Operation, Provider
from wattos_platform.services.simulator.domain.requests import Incoming

OPENAI, AZURE = openai_provider.OpenAI(), azure.Azure()
ANTHROPIC, GOOGLE, OLLAMA = anthropic_provider.Anthropic(), google_provider.Google(), ollama_provider.Ollama()

Read = Callable[[Incoming], Mapping[str, Any]]
_THEIRS: Mapping[str, tuple[Provider, str, Read]] = {
    "anthropic-version": (ANTHROPIC, "data", anthropic_models.list_models),
    "x-goog-api-key": (GOOGLE, "models", google_models.list_models),
}
_THEIR_ONE: Mapping[str, tuple[Provider, str, Read]] = {
    "anthropic-version": (ANTHROPIC, "id", anthropic_models.read_model),
    "x-goog-api-key": (GOOGLE, "name", google_models.read_model),
}


@dataclass(frozen=True, slots=True)
class Mount:
    """One path and who answers there; `shared` maps a header field to who answers those that send it."""

    method: str
    path: str
    provider: Provider
    operation: Operation
    shared: Mapping[str, "Mount"] = field(default_factory=dict)

    def claimed(self, headers: Mapping[str, str]) -> "Mount":
        """Return the mount that a request with these header fields means."""
        return next((mount for name, mount in self.shared.items() if name in headers), self)


def mounts() -> list[Mount]:
    """Return the whole table."""
    return [*_openai(), *_azure(), *_anthropic(), *_google(), *_ollama()]


def _openai() -> Iterator[Mount]:
    yield Mount("POST", "/v1/chat/completions", OPENAI, generation(chat.Chat()))
    yield Mount("POST", "/v1/completions", OPENAI, generation(completions.Completions()))
    yield Mount("POST", "/v1/responses", OPENAI, generation(responses.Responses()))
    yield Mount("POST", "/v1/embeddings", OPENAI, embedding(embeddings.Embeddings()))
    yield _models("/v1/models", "data", openai_models.list_models, _THEIRS)
    yield _models("/v1/models/{model:path}", "id", openai_models.read_model, _THEIR_ONE)


def _models(path: str, content: str, read: Read, theirs: Mapping[str, tuple[Provider, str, Read]]) -> Mount:
    """Return the mount of a path under which OpenAI, Anthropic and Google all list their models."""
    shared = {
        header: Mount("GET", path, provider, listing(member, reads))
        for header, (provider, member, reads) in theirs.items()
    }
    return Mount("GET", path, OPENAI, listing(content, read), shared)


def _azure() -> Iterator[Mount]:
    answers = generation(azure.AzureChat())
    vectors = embedding(azure.AzureEmbeddings())
    listed = listing("data", openai_models.list_models)
    for base in ("/openai/deployments/{deployment}", "/openai/v1"):
        yield Mount("POST", f"{base}/chat/completions", AZURE, answers)
        yield Mount("POST", f"{base}/embeddings", AZURE, vectors)
    for base in ("/openai", "/openai/v1"):
        yield Mount("POST", f"{base}/responses", AZURE, generation(responses.Responses()))
        yield Mount("GET", f"{base}/models", AZURE, listed)


def _anthropic() -> Iterator[Mount]:
    yield Mount("POST", "/v1/messages", ANTHROPIC, generation(messages.Messages()))


def _google() -> Iterator[Mount]:
    whole, streamed = (generate.GenerateContent(stream=stream) for stream in (False, True))
    operations = {
        "generateContent": generation(whole),
        "streamGenerateContent": generation(streamed),
        "embedContent": embedding(google_embeddings.EmbedContent()),
        "batchEmbedContents": embedding(google_embeddings.BatchEmbedContents()),
    }
    for version in ("v1beta", "v1"):
        for name, operation in operations.items():
            yield Mount("POST", f"/{version}/models/{{model}}:{name}", GOOGLE, operation)
    yield Mount("GET", "/v1beta/models", GOOGLE, listing("models", google_models.list_models))
    yield Mount("GET", "/v1beta/models/{model}", GOOGLE, listing("name", google_models.read_model))


def _ollama() -> Iterator[Mount]:
    yield Mount("POST", "/api/chat", OLLAMA, generation(ollama_chat.Chat()))
    yield Mount("POST", "/api/embed", OLLAMA, embedding(embed.Embed()))
    yield Mount("GET", "/api/tags", OLLAMA, listing("models", tags.list_models))
    yield Mount("GET", "/api/version", OLLAMA, listing("version", tags.read_version))
