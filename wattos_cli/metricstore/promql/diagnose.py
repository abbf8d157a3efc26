"""What is wrong with an expression, and where: the parser says only that."""

import re
from collections.abc import Sequence

from wattos_cli.metricstore.patterns import compiled
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.tokens import Token
from wattos_cli.metricstore.series import Matcher

_CLOSES = {"(": ")", "[": "]", "{": "}"}


def check_size(expression: str, tokens: Sequence[Token], max_characters: int, max_depth: int) -> None:
    """Raise PromqlError for an expression too long or too deep to be parsed safely."""
    if len(expression) > max_characters:
        raise PromqlError(f"the expression is longer than {max_characters} characters", max_characters)
    depth = 0
    for token in tokens:
        if token.kind == "sign":
            depth += (token.text in "([{") - (token.text in ")]}")
            if depth > max_depth:
                raise PromqlError(f"brackets are nested deeper than {max_depth}", token.position)


def check_pattern(matcher: Matcher, position: int) -> None:
    """Raise PromqlError if the pattern of `matcher` cannot be compiled."""
    if matcher.op in ("=~", "!~"):
        try:
            compiled(matcher.value)
        except re.error as error:
            raise PromqlError(f"invalid pattern {matcher.value!r}: {error}", position) from None


def explain(tokens: Sequence[Token], reason: str) -> PromqlError:
    """Return the error for an expression that the parser refused with `reason`, at the place to blame."""
    return PromqlError(reason, _blamed(tokens, reason))


def _blamed(tokens: Sequence[Token], reason: str) -> int:
    named = re.search(r"'([^']+)'", reason)
    if named:
        for token in tokens:
            if token.text == named.group(1):
                return token.position
    return tokens[-1].position
