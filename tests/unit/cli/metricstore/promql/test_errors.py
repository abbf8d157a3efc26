"""Broken expressions: where they break, and what would have to stand there."""

import pytest

from tests.promqltest.page import folder
from tests.promqltest.script import Evaluation, commands
from wattos_cli.metricstore.promql import grammar
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.parse import parse
from wattos_cli.metricstore.promql.tokens import tokenize


@pytest.mark.parametrize(
    ("expression", "place", "reason"),
    [
        ("", 0, "expected a metric, a number, a function or an aggregation, found the end"),
        ("a b", 2, "expected an operator or the end, found 'b'"),
        ("a + ", 4, "expected a metric, a number, a function or an aggregation, found the end"),
        (
            "sum(rate(a[5m])",
            15,
            "expected an operator, ',' or ')' to close the '(' of character 4, found the end",
        ),
        ("rate(a[5m)", 9, "expected ']' to close the '[' of character 7, found ')'"),
        ("a[step()]", 2, "expected a duration, like 5m, found 'step'"),
        ("a{b=}", 4, "expected a value in quotes, found '}'"),
        ("a{b~'c'}", 3, "expected one of = != =~ !~, found '~'"),
        ("a{b='c", 4, "the string that begins here is never closed"),
        ("sum by a (b)", 7, "expected '(', found 'a'"),
        ("a offset", 8, "expected a duration, found the end"),
        ("a[5m] anchored", 6, "the modifier anchored is not supported"),
        ("1 + rte(a[5m])", 4, "unknown function with name 'rte'; did you mean 'rate'?"),
        ("1 + rate(a)", 4, "expected type matrix in call to function 'rate', got vector"),
        ("a or bool b", 5, "bool modifier can only be used on comparison operators"),
        ("1 > 2", 2, "comparisons between scalars must use BOOL modifier"),
        ("a{b=~'('}", 5, "illegal regex for ("),
        ("a[0s]", 2, "duration must be greater than 0"),
        ("a @ 1e300", 4, "expected a time in seconds after @, got '1e300'"),
        ("1 + {}", 4, "vector selector must contain at least one non-empty matcher"),
        ("a{b='c' or d='e'}", 0, "`or` between matchers is no PromQL of Prometheus: use a pattern"),
        ("a" * 20_001, 20_000, "the expression is longer than 20000 characters"),
        ("1+" * 301 + "1", 601, "the expression has more than 300 operators"),
        ("(" * 101 + "1" + ")" * 101, 100, "brackets are nested deeper than 100"),
    ],
)
def test_the_place_and_the_reason(expression, place, reason):
    with pytest.raises(PromqlError) as refused:
        parse(expression)
    assert (refused.value.position, refused.value.message) == (place, reason)


def test_the_text_of_an_error_counts_characters_from_one():
    with pytest.raises(PromqlError, match=r"found 'b' \(at character 3\)"):
        parse("a b")


RIGHT = [
    "sum without(a,) (rate(b{c='d', e=~\"f\",}[5m:1m] offset -1h @ end()))",
    "-topk by (x) (+3, {'a b', c!='d'}) / on() group_left(e) f > bool 1e3",
    "a + on(b) fill_left(1) fill_right(-2) c atan2 by # a metric called by",
    "time() ^ pi() % 0x1F",
    "a + fill + on(b) fill_left",
    "a offset 0s",
]


@pytest.mark.parametrize("expression", RIGHT)
def test_what_is_right_is_read_to_the_end(expression):
    grammar.check(tokenize(expression))
    parse(expression)


def test_every_expression_of_upstreams_scripts_is_read_to_the_end():
    for path in folder().glob("*.test"):
        for command in commands(path.read_text(encoding="utf-8")):
            if isinstance(command, Evaluation) and not command.expects("fail"):
                grammar.check(tokenize(command.expression))
