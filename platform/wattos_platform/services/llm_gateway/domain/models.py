"""Which name means which provider's model: aliases, explicit names, what is listed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wattos_platform.services.llm_gateway.domain.refusals import Refusal, unknown_model

LOCAL = "local"
EXTRACTIVE = "wattos-extractive"
MINILM = "wattos-minilm"
DEFAULT = "default"
_MOST_RESOLVED = 1000
_CREATED = 1_767_225_600  # 2026-01-01; OpenAI's shape wants a time, a name has none


@dataclass(frozen=True, slots=True)
class Target:
    """One provider's model."""

    provider: str
    model: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """The targets to try, in order. `alias` is False for a model that was named itself: it never changes."""

    targets: tuple[Target, ...]
    alias: bool


@dataclass(slots=True)
class ModelBook:
    """Resolves and lists model names.

    `models` holds each active provider's configured names in the order of fallback, `defaults` the model of
    each for the alias `default`. `discovered` is what upstreams list; `discover` adds to it. `priced` says
    whether the price table knows a model as a provider's, so that a well-known name works before any listing
    did.
    """

    models: Mapping[str, Sequence[str]]
    defaults: Mapping[str, str]
    aliases: Mapping[str, Sequence[Target]] = field(default_factory=dict)
    embedding_models: Sequence[str] = ()
    priced: Callable[[str, str], bool] = lambda _provider, _model: False
    discovered: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _resolved: dict[str, Resolution] = field(default_factory=dict, init=False)

    def discover(self, provider: str, models: tuple[str, ...]) -> None:
        """Note the names that `provider` lists now."""
        self.discovered[provider] = models
        self._resolved.clear()

    def resolve(self, name: str) -> Resolution:
        """Return what `name` means for chat; Refusal 404 for a name that nothing here serves."""
        found = self._resolved.get(name)
        if found is None:
            found = self._resolve(name)
            if len(self._resolved) < _MOST_RESOLVED:
                self._resolved[name] = found
        return found

    def _resolve(self, name: str) -> Resolution:
        if name == EXTRACTIVE:
            return Resolution((Target(LOCAL, EXTRACTIVE),), alias=False)
        if name in self.aliases or name == DEFAULT:
            return Resolution(self._chain(name), alias=True)
        return Resolution((self._explicit(name),), alias=False)

    def resolve_embedding(self, name: str) -> Target:
        """Return what `name` means for embeddings; the alias `default` is the local model.

        Vectors of two models cannot be mixed, so no name ever falls back to another model.
        """
        if name in (MINILM, DEFAULT):
            return Target(LOCAL, MINILM)
        if name == EXTRACTIVE or name in self.aliases:
            raise unknown_model(name)
        return self._explicit(name)

    def serves(self, name: str) -> bool:
        """Return whether `name` means anything, for chat or embeddings, as far as is known now."""
        if name == MINILM:
            return True
        try:
            self.resolve(name)
        except Refusal:
            return False
        return True

    def knows(self, provider: str, model: str) -> bool:
        """Return whether configuration, a listing or the price table names `model` as the provider's."""
        return (
            provider == LOCAL
            or model in self.models.get(provider, ())
            or model in self._default_of(provider)
            or model in self.discovered.get(provider, ())
            or any(Target(provider, model) in chain for chain in self.aliases.values())
            or self.priced(provider, model)
        )

    def listing(self) -> list[dict[str, Any]]:
        """Return the members of `data` in GET /v1/models."""
        listed = {DEFAULT: self._alias_entry(DEFAULT)}
        for alias in self.aliases:
            listed[alias] = self._alias_entry(alias)
        listed[EXTRACTIVE] = _entry(EXTRACTIVE, "wattos")
        for name in self.embedding_models:
            listed[name] = _entry(name, "wattos")
        for provider, models in self.models.items():
            for model in dict.fromkeys(
                (*models, *self._default_of(provider), *self.discovered.get(provider, ()))
            ):
                name = model if model not in listed else f"{provider}/{model}"
                listed.setdefault(name, _entry(name, provider))
        return list(listed.values())

    def _alias_entry(self, alias: str) -> dict[str, Any]:
        chain = [f"{target.provider}/{target.model}" for target in self._chain(alias)]
        return {**_entry(alias, "wattos"), "wattos_alias_of": chain}

    def _chain(self, alias: str) -> tuple[Target, ...]:
        local = Target(LOCAL, EXTRACTIVE)
        if alias in self.aliases:
            chain = tuple(self.aliases[alias])
            return chain if alias != DEFAULT or local in chain else (*chain, local)
        return (*(Target(provider, model) for provider, model in self.defaults.items()), local)

    def _explicit(self, name: str) -> Target:
        provider, slash, model = name.partition("/")
        if slash and provider in self.models and model:
            return Target(provider, model)
        for candidate, models in self.models.items():
            if (
                name in models
                or name in self.discovered.get(candidate, ())
                or name in self._default_of(candidate)
            ):
                return Target(candidate, name)
        for candidate in self.models:
            if self.priced(candidate, name):
                return Target(candidate, name)
        raise unknown_model(name)

    def _default_of(self, provider: str) -> tuple[str, ...]:
        return (self.defaults[provider],) if provider in self.defaults else ()


def _entry(name: str, owner: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": owner}
