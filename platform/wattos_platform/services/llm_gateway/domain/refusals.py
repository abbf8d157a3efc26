"""Why a request is refused before any provider sees it."""


class Refusal(Exception):  # noqa: N818 - what it is, not a kind of mistake
    """A caller's mistake: `param` is the OpenAI name of the offending field, `status` the HTTP answer."""

    def __init__(self, code: str, message: str, *, param: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param
        self.status = status


def wrong(param: str, message: str) -> Refusal:
    """Return the refusal of a field whose value has the wrong type or lies out of range."""
    return Refusal("invalid_value", f"{param}: {message}", param=param)


def missing(param: str) -> Refusal:
    """Return the refusal of a request without a field it must have."""
    return Refusal("missing_required_parameter", f"{param} is required.", param=param)


def unknown_model(model: str) -> Refusal:
    """Return the refusal of a model that no configured provider serves."""
    return Refusal(
        "model_not_found",
        f"The model {model[:80]!r} does not exist here; GET /v1/models lists those that do.",
        param="model",
        status=404,
    )
