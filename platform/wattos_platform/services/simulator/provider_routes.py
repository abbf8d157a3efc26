"""The providers' side: every path of the table, also below /as/{provider}."""

from collections.abc import Callable, Mapping

import msgspec
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from wattos_platform.kernel.error_shapes import ErrorShape, FailedRequest
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.services.simulator.domain.dialects import table
from wattos_platform.services.simulator.domain.reply import Head, Provider
from wattos_platform.services.simulator.domain.requests import Refusal
from wattos_platform.services.simulator.simulation import Simulation

ALIAS = "/as/{alias}"
ProviderAt = Callable[[int], str | None]


class Endpoint:
    """An ASGI app: one path of one provider.

    A request is counted and struck under the provider whose own port it came in at, else under the name in
    its path, else under the name of the provider whose path it is.
    """

    def __init__(self, simulation: Simulation, provider_at: ProviderAt, mount: table.Mount) -> None:
        self._simulation = simulation
        self._provider_at = provider_at
        self._mount = mount

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        server = scope.get("server")
        at_port = self._provider_at(server[1]) if server else None
        await self._simulation.answer(request, send, self._mount, at_port or request.path_params.get("alias"))


def provider_routes(simulation: Simulation, provider_at: ProviderAt) -> list[Route]:
    """Return the routes that providers' clients use."""
    return [
        Route(prefix + mount.path, Endpoint(simulation, provider_at, mount), methods=[mount.method])
        for prefix in ("", ALIAS)
        for mount in table.mounts()
    ]


def error_shapes() -> Mapping[str, ErrorShape]:
    """Return whose errors stand below which path, for what fails before a provider's operation is reached."""
    providers: Mapping[str, Provider] = {
        "/v1": table.OPENAI,
        "/v1/messages": table.ANTHROPIC,
        "/openai": table.AZURE,
        "/v1beta": table.GOOGLE,
        "/api": table.OLLAMA,
    }
    return {prefix: ErrorShape(_encoder(provider)) for prefix, provider in providers.items()}


def _encoder(provider: Provider) -> Callable[[ServiceError, FailedRequest], bytes]:
    def encode(error: ServiceError, failed: FailedRequest) -> bytes:
        refusal = Refusal(error.status, error.message, param=error.param)
        return msgspec.json.encode(provider.error(refusal, Head(failed.request_id, failed.now)))

    return encode
