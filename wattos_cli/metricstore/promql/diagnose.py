"""What is wrong with an expression, and where: the parser says only that."""

import difflib
import re
from collections.abc import Callable, Sequence

from wattos_cli.metricstore.patterns import compiled
from wattos_cli.metricstore.promql import grammar
from wattos_cli.metricstore.promql.aggregations import OPERATORS
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.functions import FUNCTIONS
from wattos_cli.metricstore.promql.nodes import ARITHMETIC, COMPARISONS, SET_OPERATORS
from wattos_cli.metricstore.promql.tokens import Token
from wattos_cli.metricstore.series import Matcher

OPERATIONS = ARITHMETIC | COMPARISONS | SET_OPERATORS
MAX_CHARACTERS = 20_000
MAX_DEPTH = 100
MAX_OPERATORS = 300


def check_size(expression: str, tokens: Sequence[Token]) -> None:
    """Raise PromqlError for an expression too long or too deep to be parsed safely.

    The parser has no limits of its own: thousands of operators take it seconds, or end the process.
    """
    if len(expression) > MAX_CHARACTERS:
        raise PromqlError(f"the expression is longer than {MAX_CHARACTERS} characters", MAX_CHARACTERS)
    depth = operators = 0
    for token in tokens:
        depth += token.kind == "sign" and (token.text in "([{") - (token.text in ")]}")
        operators += token.text.lower() in OPERATIONS
        if depth > MAX_DEPTH:
            raise PromqlError(f"brackets are nested deeper than {MAX_DEPTH}", token.position)
        if operators > MAX_OPERATORS:
            raise PromqlError(f"the expression has more than {MAX_OPERATORS} operators", token.position)


def check_pattern(matcher: Matcher, position: int) -> None:
    """Raise PromqlError if the pattern of `matcher` cannot be compiled."""
    if matcher.op in ("=~", "!~"):
        try:
            compiled(matcher.value)
        except re.error as error:
            raise PromqlError(f"invalid pattern {matcher.value!r}: {error}", position) from None


def explain(tokens: Sequence[Token], reason: str) -> PromqlError:
    """Return the error for an expression that the parser refused with `reason`, at the place to blame."""
    try:
        grammar.check(tokens)
    except PromqlError as error:
        return error
    return PromqlError(reason + _suggestion(reason), _blamed(tokens, reason))


def _suggestion(reason: str) -> str:
    unknown = re.match(r"unknown function with name '(\w+)'", reason)
    near = difflib.get_close_matches(unknown.group(1), [*FUNCTIONS, *OPERATORS], 1) if unknown else []
    return f"; did you mean {near[0]!r}?" if near else ""


def _blamed(tokens: Sequence[Token], reason: str) -> int:
    """Return where the first word stands that `reason` is about; the beginning if that is not known."""
    for pattern, is_meant in _BLAME:
        found = re.search(pattern, reason)
        if found is not None:
            quoted = found.group(1) if found.re.groups else ""
            return next((token.position for token in tokens if is_meant(token, quoted)), 0)
    return 0


def _text(token: Token, quoted: str) -> bool:
    return token.text == quoted


def _one_of(*texts: str) -> Callable[[Token, str], bool]:
    return lambda token, _: token.text.lower() in texts


_BLAME: Sequence[tuple[str, Callable[[Token, str], bool]]] = (
    (r"illegal regex for (.*)", lambda token, quoted: token.kind == "string" and token.text[1:-1] == quoted),
    (r"bad number or duration syntax: (\w+)", lambda token, quoted: token.text.startswith(quoted)),
    (r"set twice: '.*' or '(.*)'", lambda token, quoted: quoted in (token.text, token.text[1:-1])),
    (r"duration must be greater", lambda token, _: re.fullmatch(r"0+[a-z]*", token.text) is not None),
    (r"bool modifier", _one_of("bool")),
    (r"comparisons between scalars", _one_of(*COMPARISONS)),
    (r"unary expression", _one_of("-", "+")),
    (r"aggregat", _one_of(*OPERATORS)),
    (r"offset", _one_of("offset")),
    (r"@ ", _one_of("@")),
    (r"range|brackets|subquer", _one_of("[")),
    (r"must contain only scalar and instant", lambda token, _: token.kind == "string" or token.text == "["),
    (r"non-empty matcher", _one_of("{")),
    (r"escape", lambda token, _: token.kind == "string" and "\\" in token.text),
    (r"'([^']+)'", _text),
)
