"""Aggregations, matching and sets: which series come out, and which are refused."""

import pytest

from tests.fakes.metrics.series import SeriesInMemory, labels
from wattos_cli.metricstore.promql.engine import Engine
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.sampling import xxhash64
from wattos_cli.metricstore.series import NAME, Labels

FILLED = {"site=a": 4.0, "site=b": 12.0, "site=c": 2.0}
BOTH = {"load host=b1 site=b": 4.0, "cores kind=kc site=c": 2.0}
DUPLICATE = 'found duplicate series for the match group {site="a"} on the right hand-side'
HOSTS = ("a1", "a2", "a10", "b1")


def source() -> SeriesInMemory:
    made = SeriesInMemory()
    for place, host in enumerate(HOSTS):
        made.add(labels("load", host=host, site=host[0]), [(0, float(place + 1))])
    for site, cores in (("a", 4.0), ("b", 8.0), ("c", 2.0)):
        made.add(labels("cores", site=site, kind=f"k{site}"), [(0, cores)])
    return made


def answer(expression: str) -> dict[str, float]:
    """Return the values by the labels, as `site=a host=a1`, the name in front if there is one."""
    result = Engine(source()).instant(expression, 0)
    return {_text(series.labels): series.values[0] for series in result.series}


def _text(key: Labels) -> str:
    return " ".join(text if name == NAME else f"{name}={text}" for name, text in key)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("sum(load)", {"": 10.0}),
        ("sum by (site) (load)", {"site=a": 6.0, "site=b": 4.0}),
        ("max without (host) (load)", {"site=a": 3.0, "site=b": 4.0}),
        ("min by (site, none) (load)", {"site=a": 1.0, "site=b": 4.0}),
        ("avg(load)", {"": 2.5}),
        ("group by (site) (load)", {"site=a": 1.0, "site=b": 1.0}),
        ("count(load > 1)", {"": 3.0}),
        ("stdvar(load)", {"": 1.25}),
        ("stddev(load) * 0 + stddev(vector(3))", {"": 0.0}),
        ("quantile(0.5, load)", {"": 2.5}),
        ("count_values('size', load > bool 2)", {"size=0": 2.0, "size=1": 2.0}),
        ("topk(1, load)", {"load host=b1 site=b": 4.0}),
        ("bottomk by (site) (1, load)", {"load host=a1 site=a": 1.0, "load host=b1 site=b": 4.0}),
        ("topk(0, load)", {}),
        ("count(limitk(3, load))", {"": 3.0}),
        ("limit_ratio(0.3, load) and limit_ratio(-0.7, load)", {}),
        ("count(limit_ratio(0.3, load) or limit_ratio(-0.7, load))", {"": 4.0}),
        ("load * on(site) group_left(kind) cores", {
            "host=a1 kind=ka site=a": 4.0, "host=a10 kind=ka site=a": 12.0,
            "host=a2 kind=ka site=a": 8.0, "host=b1 kind=kb site=b": 32.0,
        }),
        ("cores - on(site) group_right load{site='b'}", {"host=b1 site=b": 4.0}),
        ("cores < ignoring(kind, host) load{host='b1'} * 10", {"cores site=b": 8.0}),
        ("cores / on(site) sum by (site) (load)", {"site=a": 4 / 6, "site=b": 2.0}),
        ("cores + on(site) fill(0) sum by (site) (load{site='b'})", FILLED),
        ("10 < load", {}),
        ("3 < load", {"load host=b1 site=b": 4.0}),
        ("3 < bool load{site='b'}", {"host=b1 site=b": 1.0}),
        ("load and on(site) cores{site='b'}", {"load host=b1 site=b": 4.0}),
        ("load unless on(site) cores{site='a'}", {"load host=b1 site=b": 4.0}),
        ("load{site='b'} or on(site) cores{site!='a'}", BOTH),
        ("-load{site='b'}", {"host=b1 site=b": -4.0}),
    ],
)  # fmt: skip
def test_the_answer(expression, expected):
    assert answer(expression) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("load + on(site) cores", "many-to-one matching must be explicit (group_left/group_right)"),
        ("cores + on(site) load", DUPLICATE),
        ("load * on(site) group_right cores", "on the left hand-side of the operation"),
        ("load * on() group_left(kind) cores", "many-to-many matching not allowed"),
        ("load * on(site) group_left(host) cores", "grouping labels must ensure unique matches"),
        ("topk(NaN, load)", "Parameter value is NaN"),
        ("topk(1e30, load)", "overflows int64"),
        ("limit_ratio(NaN, load)", "Ratio value is NaN"),
    ],
)  # fmt: skip
def test_what_does_not_match_uniquely_is_refused(expression, reason):
    with pytest.raises(PromqlError) as refused:
        answer(expression)
    assert reason in refused.value.message


def test_the_best_come_first_and_labels_sort_as_people_count():
    assert [key.split()[1] for key in answer("topk(2, load)")] == ["host=b1", "host=a10"]
    assert [key.split()[1] for key in answer("sort_by_label(load, 'host')")] == [
        "host=a1",
        "host=a2",
        "host=a10",
        "host=b1",
    ]
    assert next(iter(answer("sort_by_label_desc(load, 'host')"))) == "load host=b1 site=b"


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", 0xEF46DB3751D8E999),
        (b"a", 0xD24EC4F1A98C6E5B),
        (b"abc", 0x44BC2CF5AD770999),
        (b"Nobody inspects the spammish repetition", 0xFBCEA83C8A378BF1),
    ],
)
def test_the_hash_is_xxhash64(data, digest):
    assert xxhash64(data) == digest
