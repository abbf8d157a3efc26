"""Instants as text and as days."""

from datetime import UTC, date, datetime

import pytest

from wattos_platform.kernel.timestamps import rfc3339, utc_day

MIDNIGHT = datetime(2026, 5, 2, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("now", "day"),
    [
        pytest.param(MIDNIGHT - 0.001, date(2026, 5, 1), id="before-midnight"),
        pytest.param(MIDNIGHT, date(2026, 5, 2), id="midnight"),
        pytest.param(MIDNIGHT + 86_399.999, date(2026, 5, 2), id="the-days-last-moment"),
        pytest.param(MIDNIGHT - 1, date(2026, 5, 1), id="a-clock-set-back"),
        pytest.param(0.0, date(1970, 1, 1), id="the-first-day"),
    ],
)
def test_a_day_begins_at_midnight_in_utc(now, day):
    utc_day(MIDNIGHT + 1)
    assert utc_day(now) == day
    assert utc_day(now) == day


def test_text_is_cut_to_microseconds_and_follows_the_second():
    assert rfc3339(MIDNIGHT + 0.25) == "2026-05-02T00:00:00.250000Z"
    assert rfc3339(MIDNIGHT + 59.5) == "2026-05-02T00:00:59.500000Z"
