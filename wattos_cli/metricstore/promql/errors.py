"""The one error that a query raises."""


class PromqlError(Exception):
    """Why an expression has no answer: `message` for a person, `position` in it if one place is to blame.

    `position` counts characters from 0; None when the data, not the text, is the reason.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message if position is None else f"{message} (at character {position + 1})")
        self.message = message
        self.position = position
