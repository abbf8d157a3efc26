"""Prometheus' text format and OpenMetrics: what is read, and what a line that is none costs."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_open_metrics

from tests.fakes.metrics.samples import labels
from wattos_cli.metricstore.exposition import Exposition, ExpositionError, Family, Problem, Reader

TARGET = {"job": "chat", "instance": "chat-0"}


def read(*lines: str) -> Exposition:
    return Reader({}).read("\n".join(lines).encode())


def test_samples_have_the_labels_of_the_target_and_keep_their_own() -> None:
    found = Reader(TARGET).read(b'up{job="theirs",empty=""} 1\nplain 2\n')
    assert found.samples == [
        (labels("up", exported_job="theirs", job="chat", instance="chat-0"), 1.0),
        (labels("plain", job="chat", instance="chat-0"), 2.0),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a 1", (labels("a"), 1.0)),
        ("a{} 1", (labels("a"), 1.0)),
        ('a{b="c",} 1', (labels("a", b="c"), 1.0)),
        ('a { b = "c" , d="e" }\t1', (labels("a", b="c", d="e"), 1.0)),
        (r'a{b="x\"y\\z\nw"} 1', (labels("a", b='x"y\\z\nw'), 1.0)),
        ('a{b="} 7",c="{"} 1', (labels("a", b="} 7", c="{"), 1.0)),
        ("a 1 1395066363000", (labels("a"), 1.0)),
        ("a +Inf", (labels("a"), math.inf)),
        ("a -Inf", (labels("a"), -math.inf)),
        ("a 1.5e-7", (labels("a"), 1.5e-7)),
        ('a_bucket{le="1"} 3 # {trace_id="x}"} 0.5 1.2', (labels("a_bucket", le="1"), 3.0)),
        ("ns:rule:sum 1", (labels("ns:rule:sum"), 1.0)),
        ("a 1\r", (labels("a"), 1.0)),
    ],
)
def test_a_line(line: str, expected: object) -> None:
    for reader in (Reader({}),) * 2:
        assert reader.read(f"{line}\n".encode()).samples == [expected]


def test_not_a_number_is_a_value() -> None:
    ((_, value),) = read("a NaN").samples
    assert math.isnan(value)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a", "no sample: 'a'"),
        ("a b", "no number: 'b'"),
        ("a 1_000", "no number: '1_000'"),
        ("9a 1", "no sample: '9a 1'"),
        ('a{b="c} 1', "no sample: 'a{b=\"c} 1'"),
        ('a{9="c"} 1', "no label: '9=\"c\"'"),
        ('a{b="c",b="d"} 1', "the label b is there twice"),
        ("<html><body>503 1", "no sample: '<html><body>503 1'"),
        (f'a{{b="{"x" * 4097}"}} 1', "the label b of a is longer than 4096 bytes"),
        ("a{" + ",".join(f'l{n}="x"' for n in range(65)) + "} 1", "a has 65 labels, more than 64"),
    ],
    ids=lambda value: value[:20],
)
def test_a_line_that_is_none_costs_itself(line: str, reason: str) -> None:
    found = read("good 1", line, "better 2")
    assert [value for _, value in found.samples] == [1.0, 2.0]
    assert (found.refused, found.problems) == (1, [Problem(2, reason)])


def test_a_series_counts_once_and_the_first_holds() -> None:
    reader = Reader({})
    for _ in range(2):
        found = reader.read(b'a{x="1",y="2"} 1\na{y="2",x="1"} 2\na{x="1",y="2"} 3\n')
        assert found.samples == [(labels("a", x="1", y="2"), 1.0)]
        assert [problem.line for problem in found.problems] == [2, 3]


def test_bytes_that_are_not_utf8_cost_their_line() -> None:
    found = Reader({}).read(b'a 1\nb{x="\xff"} 2\nc 3\n')
    assert [value for _, value in found.samples] == [1.0, 3.0]
    assert found.problems == [Problem(2, "the line is not UTF-8")]


def test_garbage_is_counted_whole_and_told_in_part() -> None:
    found = read(*["!"] * 1000)
    assert (found.refused, len(found.problems)) == (1000, 10)


def test_too_much_is_refused_as_a_whole() -> None:
    body = b"\n".join(b"m%d 1" % number for number in range(11))
    with pytest.raises(ExpositionError, match="11 series are exposed, more than the 10"):
        Reader({}, most_series=10).read(body)
    with pytest.raises(ExpositionError, match="16777217 bytes"):
        Reader({}).read(b"#" * (16 * 1024 * 1024 + 1))


def test_too_much_is_refused_when_it_is_known_too() -> None:
    reader = Reader({}, most_series=2)
    reader.read(b"a 1\nb 1\n")
    with pytest.raises(ExpositionError):
        reader.read(b"a 1\nb 1\nc 1\n")


def test_families_are_described() -> None:
    found = read(
        "# TYPE a counter",
        r"# HELP a What\nit is \\ counts.",
        "# UNIT a seconds",
        "# TYPE b nonsense",
        "# just a remark",
    )
    assert found.families == {"a": Family("counter", "What\nit is \\ counts.", "seconds")}


def registry() -> CollectorRegistry:
    made = CollectorRegistry()
    Counter("calls", "Calls.", ["kind"], registry=made).labels("a\nb").inc(3)
    Histogram("took_seconds", "Time.", buckets=(0.1, 1), registry=made).observe(0.5, {"trace_id": "t"})
    Gauge("size_bytes", "Size.", registry=made).set(float("nan"))
    return made


def test_both_formats_of_the_reference_client_say_the_same() -> None:
    text, open_metrics = (
        Reader({}).read(generate_latest(registry())),
        Reader({}).read(generate_open_metrics(registry())),
    )
    for found in (text, open_metrics):
        assert found.refused == 0
    plain = {key: repr(value) for key, value in text.samples if not key[0][1].endswith("_created")}
    assert plain == {key: repr(value) for key, value in open_metrics.samples}
    assert plain[labels("calls_total", kind="a\nb")] == "3.0"
    assert plain[labels("took_seconds_bucket", le="1.0")] == "1.0"


def test_what_comes_after_the_end_of_open_metrics_is_read_like_the_rest() -> None:
    assert len(read("# TYPE a counter", "a_total 1", "a_created 5", "# EOF").samples) == 1
    assert len(read("# TYPE a counter", "a_total 1", "a_created 5").samples) == 2


@given(st.binary(max_size=300))
def test_no_bytes_at_all_are_fatal(body: bytes) -> None:
    reader = Reader(TARGET)
    first = reader.read(body)
    again = reader.read(body)
    assert repr(first) == repr(again) or sorted(map(repr, first.samples)) == sorted(map(repr, again.samples))


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True), st.text(min_size=1, max_size=8), max_size=4
    ),
    st.floats(allow_nan=False),
)
def test_any_label_values_come_back(own: dict[str, str], value: float) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

    line = "m{" + ",".join(f"{key}={quoted(text)}" for key, text in own.items()) + f"}} {value!r}\n"
    expected = (tuple(sorted({"__name__": "m", **own}.items())), value)
    reader = Reader({})
    assert reader.read(line.encode()).samples == reader.read(line.encode()).samples == [expected]
