"""Expressions become nodes."""

import re
from itertools import pairwise

from wattos_cli.metricstore.promql import diagnose
from wattos_cli.metricstore.promql.convert import Converter
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.nodes import Node
from wattos_cli.metricstore.promql.tokens import Cursor, Token, tokenize


def parse(expression: str) -> Node:
    """Return the tree of `expression`; PromqlError with the place of the mistake."""
    import promql_parser

    tokens = tokenize(expression)
    diagnose.check_size(expression, tokens)
    try:
        tree = promql_parser.parse(_without_zero_offsets(expression, tokens))
    except ValueError as error:
        raise diagnose.explain(tokens, str(error)) from None
    try:
        return Converter(Cursor(tokens)).convert(tree)
    except RecursionError:
        raise PromqlError("the expression is nested too deep") from None


def _without_zero_offsets(expression: str, tokens: list[Token]) -> str:
    """Return `expression` with blanks for `offset 0s`: it means nothing, and the parser refuses it."""
    for offset, amount in pairwise(tokens):
        if offset.text.lower() == "offset" and re.fullmatch(r"0+[a-z]*", amount.text):
            end = amount.position + len(amount.text)
            expression = expression[: offset.position] + " " * (end - offset.position) + expression[end:]
    return expression
