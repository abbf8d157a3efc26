"""What chat, agent and rag say to the model gateway and to their callers about passages and citations."""

from pydantic import BaseModel, ConfigDict


class Passage(BaseModel):
    """A retrieved piece of a document, handed to the model gateway as `wattos_context`."""

    model_config = ConfigDict(extra="ignore")

    id: str
    document_id: str
    document: str
    start: int
    end: int
    text: str
    score: float = 0.0


class Citation(BaseModel):
    """A passage that an answer used; `start` and `end` are character offsets in the document's text."""

    model_config = ConfigDict(extra="ignore")

    document: str
    document_id: str
    start: int
    end: int
    score: float
    text: str
