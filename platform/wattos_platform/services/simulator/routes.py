"""HTTP in and out of the simulator: the provider's side under /v1, the tester's under /simulator."""

import base64
import struct
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.requests import parse
from wattos_platform.services.simulator.domain import answers
from wattos_platform.services.simulator.domain.behaviour import Behaviour
from wattos_platform.services.simulator.domain.faults import FaultRequest
from wattos_platform.services.simulator.replies import Simulation, usage

_CREATED = 1_767_225_600
_MOST_INPUTS = 2048
_MOST_DIMENSIONS = 4096


class Endpoints:
    """The handlers over one simulation."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def routes(self) -> list[Route]:
        """Return the route table."""
        return [
            Route("/v1/chat/completions", self.chat, methods=["POST"]),
            Route("/v1/embeddings", self.embed, methods=["POST"]),
            Route("/v1/models", self.models, methods=["GET"]),
            Route("/v1/models/{model:path}", self.model, methods=["GET"]),
            Route("/simulator/behaviour", self.show_behaviour, methods=["GET"]),
            Route("/simulator/behaviour", self.behave, methods=["PUT"]),
            Route("/simulator/faults", self.show_faults, methods=["GET"]),
            Route("/simulator/faults", self.add_fault, methods=["POST"]),
            Route("/simulator/faults", self.clear_faults, methods=["DELETE"]),
            Route("/simulator/faults/{id}", self.remove_fault, methods=["DELETE"]),
            Route("/simulator/requests", self.show_counts, methods=["GET"]),
            Route("/simulator/requests", self.clear_counts, methods=["DELETE"]),
        ]

    async def chat(self, request: Request) -> Response:
        """POST /v1/chat/completions."""
        asked = await _asked(request, "messages", list)
        fault = await self._simulation.begin(request, asked["model"])
        if asked.get("stream"):
            return self._simulation.stream(request, asked, fault)
        said, reason = self._simulation.said(asked)
        message = {"role": "assistant", "content": "".join(said)}
        return self._simulation.reply(
            {
                "id": f"chatcmpl-{self._simulation.new_id()}",
                "object": "chat.completion",
                "created": int(self._simulation.clock()),
                "model": asked["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": reason}],
                "usage": usage(asked, len(said)),
            }
        )

    async def embed(self, request: Request) -> Response:
        """POST /v1/embeddings."""
        asked = await _asked(request, "input", (str, list))
        dimensions = asked.get("dimensions") or answers.EMBEDDING_DIMENSIONS
        texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
        if not isinstance(dimensions, int) or not 0 < dimensions <= _MOST_DIMENSIONS:
            raise _wrong("dimensions")
        if not 0 < len(texts) <= _MOST_INPUTS:
            raise _wrong("input")
        await self._simulation.begin(request, asked["model"])
        encode = _base64 if asked.get("encoding_format") == "base64" else list
        data = [
            {
                "object": "embedding",
                "index": number,
                "embedding": encode(answers.vector(str(text), dimensions)),
            }
            for number, text in enumerate(texts)
        ]
        tokens = sum(len(str(text).split()) for text in texts)
        counted = {"prompt_tokens": tokens, "total_tokens": tokens}
        return self._simulation.reply(
            {"object": "list", "data": data, "model": asked["model"], "usage": counted}
        )

    async def models(self, request: Request) -> Response:
        """GET /v1/models."""
        await self._simulation.begin(request, "")
        return self._simulation.reply({"object": "list", "data": [_model(name) for name in answers.MODELS]})

    async def model(self, request: Request) -> Response:
        """GET /v1/models/{id}."""
        name = request.path_params["model"]
        if name not in answers.MODELS:
            raise ServiceError(
                404, "model_not_found", f"The model {name[:80]!r} does not exist.", param="model"
            )
        return _json(_model(name))

    async def show_behaviour(self, _request: Request) -> Response:
        """GET /simulator/behaviour."""
        return _json(self._simulation.behaviour.model_dump())

    async def behave(self, request: Request) -> Response:
        """PUT /simulator/behaviour; what the body leaves out takes its default."""
        self._simulation.behaviour = await parse(request, Behaviour)
        return _json(self._simulation.behaviour.model_dump())

    async def show_faults(self, _request: Request) -> Response:
        """GET /simulator/faults."""
        return _json({"faults": [fault.model_dump() for fault in self._simulation.faults.active()]})

    async def add_fault(self, request: Request) -> Response:
        """POST /simulator/faults."""
        spec = await parse(request, FaultRequest)
        try:
            fault = self._simulation.faults.add(self._simulation.new_id(), spec)
        except OverflowError as error:
            raise ServiceError(409, "too_many_faults", f"{error}; DELETE /simulator/faults first.") from error
        return _json(fault.model_dump(), 201)

    async def remove_fault(self, request: Request) -> Response:
        """DELETE /simulator/faults/{id}."""
        if not self._simulation.faults.remove(request.path_params["id"]):
            raise ServiceError(404, "fault_not_found", "This fault is not switched on.")
        return Response(status_code=204)

    async def clear_faults(self, _request: Request) -> Response:
        """DELETE /simulator/faults."""
        self._simulation.faults.clear()
        return Response(status_code=204)

    async def show_counts(self, _request: Request) -> Response:
        """GET /simulator/requests."""
        return _json(self._simulation.counts.report())

    async def clear_counts(self, _request: Request) -> Response:
        """DELETE /simulator/requests."""
        self._simulation.counts.clear()
        return Response(status_code=204)


async def _asked(request: Request, field: str, kind: type | tuple[type, ...]) -> dict[str, Any]:
    """Return the body; 400 without a model, without `field`, or with one of another type."""
    try:
        body = msgspec.json.decode(await request.body())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ServiceError(400, "invalid_json", "The body is not valid JSON.") from None
    if not isinstance(body, dict) or not isinstance(body.get("model"), str):
        raise _wrong("model")
    if not isinstance(body.get(field), kind):
        raise _wrong(field)
    return body


def _wrong(field: str) -> ServiceError:
    return ServiceError(400, "invalid_value", f"{field} is missing or wrong.", param=field)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "simulator"}


def _base64(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _json(body: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
