"""Reading what a caller sent: strict models in, one clear 400 or 422 out."""

from typing import Any, TypeVar

from pydantic import AfterValidator, BaseModel, ValidationError
from starlette.requests import Request

from wattos_platform.kernel.errors import ServiceError

M = TypeVar("M", bound=BaseModel)
_SHOWN_CHARS = 80


def _visible(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    if "\0" in text:
        raise ValueError("must not hold NUL characters")
    return text


VISIBLE = AfterValidator(_visible)
"""Of a field's text: it is not blank, and every database can keep it."""


async def parse(request: Request, model: type[M]) -> M:
    """Return the request's JSON body as a `model`.

    ServiceError 400 for bytes that are not UTF-8 JSON, 422 naming each field that is wrong or unknown
    (unknown fields are wrong where the model forbids extras, as our own APIs do).
    """
    return validated(await request.body(), model)


def validated(body: bytes, model: type[M]) -> M:
    """Return `body` as a `model`; errors as in `parse`."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _refusal(error) from None


def query(request: Request, model: type[M]) -> M:
    """Return the query string as a `model`; 422 naming each parameter that is wrong or unknown."""
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise _refusal(error) from None


def _refusal(error: ValidationError) -> ServiceError:
    errors = error.errors(include_url=False, include_context=False)
    if errors[0]["type"] == "json_invalid":
        return ServiceError(400, "invalid_json", f"The body is not valid JSON: {errors[0]['msg']}.")
    details = [_detail(item) for item in errors]
    first = details[0]
    where = f"Field {first['field']!r}" if first["field"] else "The body"
    return ServiceError(
        422, "invalid_request", f"{where}: {first['message']}.", details=details, param=first["field"]
    )


def _detail(item: Any) -> dict[str, str]:
    field = ".".join(str(part) for part in item["loc"])
    known = item["type"] != "extra_forbidden"
    message = str(item["msg"]).removeprefix("Value error, ") if known else "this field is not known"
    return {"field": field[:_SHOWN_CHARS], "message": message}
