"""info(): labels of info metrics for the series of the same job and instance."""

import pytest

from tests.fakes.metrics.series import SeriesInMemory, labels
from wattos_cli.metricstore.promql.engine import Engine
from wattos_cli.metricstore.promql.errors import PromqlError

MINUTE = 60_000


def source() -> SeriesInMemory:
    made = SeriesInMemory()
    for instance in ("a", "b"):
        made.add(labels("up", instance=instance, job="x"), [(0, 1.0), (MINUTE, 1.0)])
    made.add(labels("alone"), [(0, 7.0)])
    made.add(labels("target_info", instance="a", job="x", zone="z1", rack="r"), [(0, 1.0)])
    made.add(labels("target_info", instance="a", job="x", zone="z2", rack="r"), [(MINUTE, 1.0)])
    made.add(labels("build_info", instance="b", job="x", version="2"), [(0, 1.0)])
    return made


def at(expression: str, time_ms: int = 0) -> list[tuple[tuple[str, str], ...]]:
    """Return the labels of the answer, but instance, job and name."""
    found = Engine(source()).instant(expression, time_ms)
    known = ("instance", "job", "__name__")
    return sorted(tuple(pair for pair in series.labels if pair[0] not in known) for series in found.series)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("info(up{instance='a'})", [(("rack", "r"), ("zone", "z1"))]),
        ("info(up, {zone=~'.+'})", [(("zone", "z1"),)]),
        ("info(up)", [(), (("rack", "r"), ("zone", "z1"))]),
        ("info(up, {__name__='build_info'})", [(), (("version", "2"),)]),
        ("info(up, {__name__=~'.+_info'})", [(("rack", "r"), ("zone", "z1")), (("version", "2"),)]),
        ("info(up, {__name__!~'target.*', version=~'.+'})", [(("version", "2"),)]),
        ("info(alone)", [()]),
        ("info(target_info)", [(("rack", "r"), ("zone", "z1"))]),
        ("info(up * 2, {zone='z1'})", [(("zone", "z1"),)]),
        ("info(up, {zone='nowhere'})", []),
    ],
)
def test_the_labels(expression, expected):
    assert at(expression) == expected


def test_the_newest_info_counts_at_each_step_and_the_modifiers_of_the_first_argument_count_for_both():
    assert at("info(up{instance='a'})", MINUTE) == [(("rack", "r"), ("zone", "z2"))]
    assert at("info(up{instance='a'} @ 0)", MINUTE) == [(("rack", "r"), ("zone", "z1"))]
    shifted = "info(sum by (instance, job) (max_over_time(up{instance='a'}[1m:1m] offset 1m)))"
    assert at(shifted, MINUTE) == [(("rack", "r"), ("zone", "z1"))]
    whole = Engine(source()).range("info(up{instance='a'}, {zone=~'.+'})", 0, MINUTE, MINUTE)
    assert [(dict(series.labels)["zone"], series.times_ms) for series in whole.series] == [
        ("z1", [0]),
        ("z2", [MINUTE]),
    ]


def test_two_infos_of_the_same_time_are_refused():
    twice = source()
    twice.add(labels("target_info", instance="a", job="x", zone="z9"), [(0, 1.0)])
    with pytest.raises(PromqlError, match="found duplicate series for info metric"):
        Engine(twice).instant("info(up)", 0)


def test_infos_that_contradict_each_other_are_refused():
    twice = source()
    twice.add(labels("rack_info", instance="a", job="x", rack="other"), [(0, 1.0)])
    with pytest.raises(PromqlError, match="conflicting label: rack"):
        Engine(twice).instant("info(up, {__name__=~'.+_info'})", 0)
