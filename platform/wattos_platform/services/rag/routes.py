"""HTTP in and out of the knowledge service."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wattos_platform.contracts.search import SearchRequest, SpaceCreate, SpaceSearchRequest
from wattos_platform.kernel.answers import JSON, json_answer
from wattos_platform.kernel.context import current, identity
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.requests import parse, query
from wattos_platform.services.rag.domain.chunk import Chunking
from wattos_platform.services.rag.domain.records import Caller, Filters, Space
from wattos_platform.services.rag.knowledge import Knowledge
from wattos_platform.services.rag.paging import Page, listed
from wattos_platform.services.rag.ports import UploadRefusedError
from wattos_platform.services.rag.retrieval import Question, Searcher
from wattos_platform.services.rag.views import document_view, space_view, upload_answer


class Endpoints:
    """The endpoints, each one call into the service's work and one answer."""

    def __init__(self, knowledge: Knowledge, searcher: Searcher) -> None:
        self._knowledge = knowledge
        self._searcher = searcher

    def routes(self) -> list[Route]:
        """Return the route table of the service."""
        spaces, documents = "/api/v1/knowledge-spaces", "/api/v1/documents"
        return [
            Route(spaces, self.create_space, methods=["POST"]),
            Route(spaces, self.list_spaces, methods=["GET"]),
            Route(f"{spaces}/{{space_id}}", self.get_space, methods=["GET"]),
            Route(f"{spaces}/{{space_id}}", self.delete_space, methods=["DELETE"]),
            Route(f"{spaces}/{{space_id}}/documents", self.upload, methods=["POST"]),
            Route(f"{spaces}/{{space_id}}/documents", self.list_documents, methods=["GET"]),
            Route(f"{spaces}/{{space_id}}/search", self.search_space, methods=["POST"]),
            Route("/api/v1/search", self.search, methods=["POST"]),
            Route(f"{documents}/{{document_id}}", self.get_document, methods=["GET"]),
            Route(f"{documents}/{{document_id}}", self.delete_document, methods=["DELETE"]),
            Route(f"{documents}/{{document_id}}/text", self.document_text, methods=["GET"]),
        ]

    async def create_space(self, request: Request) -> Response:
        """POST knowledge-spaces -> 201."""
        wanted = await parse(request, SpaceCreate)
        chunking = Chunking(wanted.chunking.strategy, wanted.chunking.size, wanted.chunking.overlap)
        space = await self._knowledge.create_space(
            identity().tenant,
            wanted.name,
            wanted.description,
            chunking,
            redact=tuple(dict.fromkeys(wanted.redact)),
        )
        return json_answer(space_view(space), 201)

    async def list_spaces(self, request: Request) -> Response:
        """GET knowledge-spaces -> a page."""
        page = query(request, Page)
        found = await self._knowledge.spaces.page(identity().tenant, page.after, page.limit + 1)
        return listed([space_view(space) for space in found], page.limit)

    async def get_space(self, request: Request) -> Response:
        """GET knowledge-spaces/{id}."""
        space = await self._space(request)
        return json_answer(space_view(space))

    async def delete_space(self, request: Request) -> Response:
        """DELETE knowledge-spaces/{id} -> 204."""
        await self._knowledge.delete_space(await self._space(request), _caller())
        return Response(status_code=204)

    async def upload(self, request: Request) -> Response:
        """POST knowledge-spaces/{id}/documents, multipart -> 202, or 200 when nothing is new."""
        space = await self._space(request)
        try:
            document, is_new = await self._knowledge.take_in(
                space, _caller(), request.headers.get("content-type", ""), request.stream()
            )
        except UploadRefusedError as error:
            raise ServiceError(400, "invalid_upload", f"The upload is refused: {error}.") from error
        answer = upload_answer(document, unchanged=not is_new)
        return json_answer(answer, 202 if is_new else 200)

    async def list_documents(self, request: Request) -> Response:
        """GET knowledge-spaces/{id}/documents -> a page."""
        page = query(request, Page)
        space = await self._space(request)
        found = await self._knowledge.documents.page(space, page.after, page.limit + 1)
        return listed([document_view(document) for document in found], page.limit)

    async def get_document(self, request: Request) -> Response:
        """GET documents/{id}."""
        document = await self._knowledge.document(identity().tenant, request.path_params["document_id"])
        return json_answer(document_view(document))

    async def delete_document(self, request: Request) -> Response:
        """DELETE documents/{id} -> 204."""
        document = await self._knowledge.document(identity().tenant, request.path_params["document_id"])
        await self._knowledge.delete_document(document)
        return Response(status_code=204)

    async def document_text(self, request: Request) -> Response:
        """GET documents/{id}/text -> the text that the offsets of its passages count in (characters)."""
        document = await self._knowledge.document(identity().tenant, request.path_params["document_id"])
        text = await self._knowledge.documents.text(document)
        if text is None or document.status != "ready":
            raise ServiceError(
                409, "document_not_ready", f"The document is {document.status}; it has no text yet."
            )
        return Response(
            text, media_type="text/plain; charset=utf-8", headers={"X-Content-Type-Options": "nosniff"}
        )

    async def search(self, request: Request) -> Response:
        """POST search."""
        wanted = await parse(request, SearchRequest)
        space = await self._knowledge.space(identity().tenant, wanted.knowledge_space_id)
        return await self._found(space, wanted)

    async def search_space(self, request: Request) -> Response:
        """POST knowledge-spaces/{id}/search."""
        wanted = await parse(request, SpaceSearchRequest)
        return await self._found(await self._space(request), wanted)

    async def _found(self, space: Space, wanted: SpaceSearchRequest) -> Response:
        given = wanted.filters
        filters = Filters(_tuple(given.document_ids), _tuple(given.documents), _tuple(given.media_types))
        question = Question(wanted.query, wanted.top_k, wanted.mode, wanted.min_score, filters)
        return Response(await self._searcher.search(space, question), media_type=JSON)

    async def _space(self, request: Request) -> Space:
        return await self._knowledge.space(identity().tenant, request.path_params["space_id"])


def _caller() -> Caller:
    return Caller(identity().tenant, identity().user, current().request_id)


def _tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(dict.fromkeys(values))
