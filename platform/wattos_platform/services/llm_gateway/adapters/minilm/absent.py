"""The embedder of an installation without the local model: it says what to install."""

from collections.abc import Sequence

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.services.llm_gateway.adapters.minilm.model_files import INSTALL_LINE
from wattos_platform.services.llm_gateway.ports import Embeddings


class AbsentEmbedder:
    """A mode, not a fault: search then goes by words alone."""

    async def embed(self, _texts: Sequence[str]) -> Embeddings:
        """Raise ServiceError 503 `embeddings_not_installed` with the line that installs the model."""
        raise ServiceError(
            503,
            "embeddings_not_installed",
            f"The local embedding model is not installed; install it with: {INSTALL_LINE}",
            param="model",
        )
