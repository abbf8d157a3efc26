"""What callers do with spaces and documents, in terms of the stores; every refusal is a ServiceError."""

from collections.abc import AsyncIterator, Callable

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.ids import uuid7
from wattos_platform.kernel.personal_data import Kind
from wattos_platform.services.rag.domain.chunk import Chunking
from wattos_platform.services.rag.domain.media import UnsupportedMediaError, media_type
from wattos_platform.services.rag.domain.names import NameRefusedError, document_name
from wattos_platform.services.rag.domain.records import (
    MAX_DOCUMENTS_PER_SPACE,
    MAX_SPACES_PER_TENANT,
    Caller,
    Document,
    Space,
    Upload,
)
from wattos_platform.services.rag.ports import (
    DocumentStore,
    SpaceExistsError,
    SpaceGoneError,
    SpaceStore,
    TooManyDocumentsError,
    TooManySpacesError,
    Uploads,
)


class Knowledge:
    """Spaces and documents of all tenants; `wake` tells the workers that there is work."""

    def __init__(
        self,
        spaces: SpaceStore,
        documents: DocumentStore,
        uploads: Uploads,
        *,
        wake: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self.spaces = spaces
        self.documents = documents
        self._uploads = uploads
        self._wake = wake
        self._clock = clock

    async def create_space(
        self, tenant: str, name: str, description: str, chunking: Chunking, *, redact: tuple[Kind, ...]
    ) -> Space:
        """Return a new space; 409 when the tenant has one of that name or too many."""
        now = self._clock()
        space = Space(0, uuid7(), tenant, name, description, chunking, redact, 0, None, None, now)
        try:
            return await self.spaces.add(space)
        except SpaceExistsError as error:
            raise ServiceError(
                409, "knowledge_space_exists", f"A knowledge space named {name!r} exists already."
            ) from error
        except TooManySpacesError as error:
            raise ServiceError(
                409,
                "too_many_knowledge_spaces",
                f"A tenant may have {MAX_SPACES_PER_TENANT} knowledge spaces.",
            ) from error

    async def space(self, tenant: str, space_id: str) -> Space:
        """Return the tenant's space; 404 if it has none of that id."""
        found = await self.spaces.get(tenant, space_id)
        if found is None:
            raise _no_space()
        return found

    async def delete_space(self, space: Space, caller: Caller) -> None:
        """Make a space and its documents unseen; their rows go in the background."""
        await self.spaces.remove(space, caller)
        self._wake()

    async def document(self, tenant: str, document_id: str) -> Document:
        """Return the tenant's document; 404 if it has none of that id."""
        found = await self.documents.get(tenant, document_id)
        if found is None:
            raise ServiceError(404, "document_not_found", "There is no document of this id.")
        return found

    async def delete_document(self, document: Document) -> None:
        """Make a document unseen; its rows go in the background."""
        await self.documents.remove(document)
        self._wake()

    async def take_in(
        self, space: Space, caller: Caller, content_type: str, body: AsyncIterator[bytes]
    ) -> tuple[Document, bool]:
        """Store an upload, queue its ingestion and return its document with True.

        With False it is the document that has this name and content already. 415 and 422 for names that no
        parser or nobody can use; UploadRefusedError for a body that is no upload.
        """
        document_id = uuid7()
        upload = await self._uploads.receive(document_id, content_type, body)
        is_new = False
        try:
            document, is_new = await self.documents.add(self._described(space, caller, document_id, upload))
        except TooManyDocumentsError as error:
            raise ServiceError(
                409,
                "knowledge_space_full",
                f"A knowledge space may have {MAX_DOCUMENTS_PER_SPACE} documents.",
            ) from error
        except SpaceGoneError as error:
            raise _no_space() from error
        finally:
            if not is_new:
                upload.path.unlink(missing_ok=True)
        self._wake()
        return document, is_new

    def _described(self, space: Space, caller: Caller, document_id: str, upload: Upload) -> Document:
        try:
            name = document_name(upload.raw_name)
            media = media_type(name)
        except NameRefusedError as error:
            raise ServiceError(422, "invalid_file_name", f"The upload is refused: {error}.") from error
        except UnsupportedMediaError as error:
            raise ServiceError(
                415, "unsupported_document", f"Documents of this kind are not read: {error}."
            ) from error
        now = self._clock()
        return Document(
            id=document_id,
            tenant=caller.tenant,
            space_key=space.key,
            space_id=space.id,
            name=name,
            content_hash=upload.content_hash,
            media_type=media,
            size_bytes=upload.size_bytes,
            status="queued",
            error=None,
            chunks=0,
            embedded=0,
            user=caller.user,
            request_id=caller.request_id,
            created_at=now,
            updated_at=now,
        )


def _no_space() -> ServiceError:
    return ServiceError(404, "knowledge_space_not_found", "There is no knowledge space of this id.")
