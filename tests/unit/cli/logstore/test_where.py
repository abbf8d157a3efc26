"""The language of `wattos logs --where`."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_cli.logstore.where import WhereError, parse

RECORD: dict[str, Any] = {
    "time": "2026-11-23T18:00:00.5Z",
    "level": "warning",
    "message": 'say "hi"',
    "duration_ms": 750.5,
    "size_bytes": 2_000_000,
    "status": 503,
    "port": "8080",
    "big": 9_007_199_254_740_993,
    "cached": True,
    "user_id": None,
    "tags": ["a", "b"],
    "error": {"type": "ValueError", "deep": {"x": 1}},
    "log.level": "ignored",
    "a.b": {"c": "flat-then-nested"},
    "odd name": "yes",
}

CASES = [
    ("status = 503", True),
    ("status == 503", True),
    ("status != 503", False),
    ("status > 502 and status >= 503 and status < 504 and status <= 503", True),
    ('status = "503"', True),
    ("port > 8000", True),
    ("port = 8080", True),
    ("big = 9007199254740993", True),
    ("big = 9007199254740992", False),
    ("cached = true", True),
    ("cached = 1", False),
    ("user_id = null", True),
    ("user_id exists", True),
    ("nothing exists", False),
    ("nothing = 1", False),
    ("nothing != 1", False),
    ("not nothing = 1", True),
    ("nothing !~ x", False),
    ("nothing in (1, 2)", False),
    ("status in (200, 503)", True),
    ("level in (error, warning)", True),
    ("level >= warning", True),
    ("level >= WARN", True),
    ("level > warning", False),
    ("level < error", True),
    ("error.type = ValueError", True),
    ("error.deep.x = 1", True),
    ("a.b.c = flat-then-nested", True),
    ("log.level = ignored", True),
    ('message = "say \\"hi\\""', True),
    ("message = 'say \"hi\"'", True),
    ('message =~ "^say"', True),
    ('message !~ "^say"', False),
    (r'message =~ "\bhi\b"', True),
    ("status =~ ^5", True),
    ("error =~ ValueError", True),
    ("duration_ms > 500", True),
    ("duration_ms > 0.75s", True),
    ("duration_ms > 1s", False),
    ("duration_ms < 1m30s", True),
    ("duration_ms = 750500us", True),
    ("size_bytes = 2MB", True),
    ("size_bytes < 2MiB", True),
    ("time >= 2026-11-23T18:00:00Z", True),
    ("time < 2026-11-23T19:00:00+01:00", False),
    ("message > 5", False),
    ('"odd name" = yes', True),
    ("status = 503 or status = 1 and status = 2", True),
    ("(status = 503 or status = 1) and status = 2", False),
    ("not (status = 503) or cached = true", True),
    ("not not status = 503", True),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text for text, _ in CASES])
def test_what_an_expression_means(text: str, expected: bool) -> None:
    assert parse(text).matches(RECORD) is expected


WRONG = [
    ("", 0, "expected the name of a field"),
    ("status", 6, "expected one of = != > >= < <= =~ !~ in exists after 'status'"),
    ("status >", 8, "expected a value"),
    ("status > and", 9, "expected a value"),
    ("status = 1 status", 11, "expected `and`, `or` or the end, found 'status'"),
    ("(status = 1", 11, "expected `)`"),
    ("status in 1", 10, "expected `(` after `in`"),
    ("status in (1 2)", 13, "expected `,` or `)`"),
    ("status in ()", 11, "expected a value"),
    ("status not in (1)", 7, "write `not FIELD in (...)`, with `not` first,"),
    ('message = "open', 10, "this string is not closed"),
    ("message =~ '('", 11, "wrong regular expression (missing ), unterminated subpattern)"),
    ("and = 1", 0, "expected the name of a field"),
    ("5 = 5", 0, "expected the name of a field"),
    ("status ~ 5", 7, "unexpected '~'"),
    ("latency > 500ms", 10, "the name 'latency' states no unit of duration"),
    ("not " * 101 + "a = 1", 400, "more than 100 levels of `not` and parentheses"),
    (" and ".join(["a = 1"] * 300), 2500, "an expression has at most 1000 words"),
]


@pytest.mark.parametrize(("text", "position", "problem"), WRONG, ids=[text[:20] for text, *_ in WRONG])
def test_what_is_wrong_is_marked(text: str, position: int, problem: str) -> None:
    with pytest.raises(WhereError) as caught:
        parse(text)
    assert caught.value.position == position
    assert caught.value.problem.startswith(problem)
    assert str(caught.value).splitlines()[-1] == "  " + " " * position + "^"


values = st.one_of(st.integers(-5, 5), st.sampled_from(["a", "b", "1"]), st.booleans(), st.none())
records = st.dictionaries(st.sampled_from(["a", "b", "c"]), values, max_size=3)


@st.composite
def conditions(draw: st.DrawFn) -> tuple[str, Any]:
    """Return an expression and a plain Python function that means the same."""
    name = draw(st.sampled_from(["a", "b", "c"]))
    if draw(st.booleans()):
        return f"{name} exists", lambda record: name in record
    wanted = draw(st.integers(-5, 5))
    op = draw(st.sampled_from(["=", "!=", "<", ">="]))

    def check(record: dict[str, Any]) -> bool:
        if name not in record:
            return False
        value = record[name]
        number = int(value) if value == "1" and isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, int):
            return op == "!="
        return {"=": number == wanted, "!=": number != wanted, "<": number < wanted, ">=": number >= wanted}[
            op
        ]

    return f"{name} {op} {wanted}", check


def joined(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.tuples(children, children).map(
            lambda p: (f"({p[0][0]}) and ({p[1][0]})", lambda r: p[0][1](r) and p[1][1](r))
        ),
        st.tuples(children, children).map(
            lambda p: (f"({p[0][0]} or {p[1][0]})", lambda r: p[0][1](r) or p[1][1](r))
        ),
        children.map(lambda p: (f"not ({p[0]})", lambda r: not p[1](r))),
    )


@given(st.recursive(conditions(), joined, max_leaves=8), records)
def test_it_means_what_python_means(case: tuple[str, Any], record: dict[str, Any]) -> None:
    text, check = case
    assert parse(text).matches(record) is bool(check(record))


@given(st.text(alphabet=" ()=<>!~,\"'\\abin not exists1.5ms", max_size=40))
def test_any_text_is_an_expression_or_a_marked_error(text: str) -> None:
    try:
        parse(text).matches(RECORD)
    except WhereError as error:
        shown = error
    else:
        return
    assert 0 <= shown.position <= len(text)
    assert re.search(r"at column \d+\n", str(shown))


@pytest.mark.parametrize(
    "record",
    [
        pytest.param({"level": 50, "time": 1_795_000_000_000, "msg": "m", "reqId": "r1"}, id="pino"),
        pytest.param(
            {"name": "n", "level": 50, "time": "2026-11-18T09:46:40Z", "msg": "m", "req_id": "r1", "v": 0},
            id="bunyan",
        ),
        pytest.param(
            {"event": "m", "level": "error", "timestamp": "2026-11-18T09:46:40Z", "request_id": "r1"},
            id="structlog",
        ),
        pytest.param({"level": "error", "ts": 1_795_000_000.25, "msg": "m", "requestId": "r1"}, id="zap"),
        pytest.param(
            {
                "@timestamp": "2026-11-18T09:46:40Z",
                "log": {"level": "ERROR"},
                "message": "m",
                "http": {"request": {"id": "r1"}},
            },
            id="ecs",
        ),
    ],
)
def test_other_loggers_fields_answer_to_our_names(record: dict[str, Any]) -> None:
    assert parse("level = error and level > info and request_id = r1 and time exists").matches(record)
