"""Which path of which provider is answered by which operation: the paths that real clients use."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

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

OPENAI, AZURE = openai_provider.OpenAI(), azure.Azure()
ANTHROPIC, GOOGLE, OLLAMA = anthropic_provider.Anthropic(), google_provider.Google(), ollama_provider.Ollama()


@dataclass(frozen=True, slots=True)
class Mount:
    """One path and who answers there.

    `shared` is who answers instead a caller that names a version of Anthropic's API.
    """

    method: str
    path: str
    provider: Provider
    operation: Operation
    shared: "Mount | None" = None

    def claimed(self, headers: Mapping[str, str]) -> "Mount":
        """Return the mount that a request with these header fields means."""
        if self.shared is not None and "anthropic-version" in headers:
            return self.shared
        return self


def mounts() -> list[Mount]:
    """Return the whole table."""
    return [*_openai(), *_azure(), *_anthropic(), *_google(), *_ollama()]


def _openai() -> Iterator[Mount]:
    listed, one = listing("data", openai_models.list_models), listing("id", openai_models.read_model)
    yield Mount("POST", "/v1/chat/completions", OPENAI, generation(chat.Chat()))
    yield Mount("POST", "/v1/completions", OPENAI, generation(completions.Completions()))
    yield Mount("POST", "/v1/responses", OPENAI, generation(responses.Responses()))
    yield Mount("POST", "/v1/embeddings", OPENAI, embedding(embeddings.Embeddings()))
    for path, operation, theirs in (
        ("/v1/models", listed, listing("data", anthropic_models.list_models)),
        ("/v1/models/{model:path}", one, listing("id", anthropic_models.read_model)),
    ):
        yield Mount("GET", path, OPENAI, operation, Mount("GET", path, ANTHROPIC, theirs))


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
    model = "/v1beta/models/{model}"
    whole, streamed = (generate.GenerateContent(stream=stream) for stream in (False, True))
    yield Mount("POST", f"{model}:generateContent", GOOGLE, generation(whole))
    yield Mount("POST", f"{model}:streamGenerateContent", GOOGLE, generation(streamed))
    yield Mount("POST", f"{model}:embedContent", GOOGLE, embedding(google_embeddings.EmbedContent()))
    yield Mount(
        "POST", f"{model}:batchEmbedContents", GOOGLE, embedding(google_embeddings.BatchEmbedContents())
    )
    yield Mount("GET", "/v1beta/models", GOOGLE, listing("models", google_models.list_models))
    yield Mount("GET", model, GOOGLE, listing("name", google_models.read_model))


def _ollama() -> Iterator[Mount]:
    yield Mount("POST", "/api/chat", OLLAMA, generation(ollama_chat.Chat()))
    yield Mount("POST", "/api/embed", OLLAMA, embedding(embed.Embed()))
    yield Mount("GET", "/api/tags", OLLAMA, listing("models", tags.list_models))
    yield Mount("GET", "/api/version", OLLAMA, listing("version", tags.read_version))
