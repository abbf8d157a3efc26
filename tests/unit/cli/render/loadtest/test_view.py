"""A load test under way as it is drawn: at every width it fits, and nothing in it controls the terminal."""

import re
from dataclasses import replace

import pytest

from wattos_cli.render.loadtest.live import Figures, View, as_line
from wattos_cli.render.loadtest.screen import as_screen

FIGURES = Figures(12.34, 1234, 7, 4.56, 123.4, 2345.6)
VIEW = View(
    title="chat: 10 users for 60 s against http://127.0.0.1:3001",
    passed_s=12.0,
    duration_s=60.0,
    users=10,
    most_users=10,
    recent_s=5.0,
    recent=FIGURES,
    overall=FIGURES,
    by_name=[
        ("POST /api/v1/conversations/[id]/messages", FIGURES),
        ("GET /x", replace(FIGURES, count=3, failures=3)),
    ],
    rates=[1.0, 5.0, 12.0],
    p95s=[None, 80.0, 123.0],
)


_NUMBER = re.compile(r"\d[\d.]*")


@pytest.mark.parametrize("width", [1, *range(20, 101), 160])
def test_it_fits(width: int) -> None:
    breakers = [(f"llm:provider-{number} of llm-gateway-0", "open") for number in range(9)]
    long = replace(VIEW, title="x" * 300, newest_error="y" * 300, notes=["z" * 300], breakers=breakers)
    screen = as_screen(long, width=width, color=False)
    assert max(map(len, screen.splitlines())) <= max(width, 20)
    assert "          and 4 more" in screen


@pytest.mark.parametrize("width", range(20, 161))
def test_no_figure_is_cut_or_runs_into_another(width: int) -> None:
    busy = replace(
        VIEW,
        passed_s=3600.0 * 25,
        duration_s=3600.0 * 24,
        users=98765,
        most_users=98765,
        recent=replace(FIGURES, rate=345678.9, p95=61234.5),
        overall=replace(FIGURES, count=87654321, failures=7654321),
        due=123456789,
        dropped=54321,
        notes=["stays for 60000 s"],
    )
    for view in (VIEW, busy, replace(busy, passed_s=12.0)):
        wide = set(_NUMBER.findall(as_screen(view, width=300, color=False)))
        screen = as_screen(view, width=width, color=False)
        assert set(_NUMBER.findall(screen)) <= wide
        assert max(map(len, screen.splitlines())) <= width


def test_what_must_be_known_goes_on_in_the_next_line() -> None:
    waiting = replace(VIEW, notes=["each comes with: wattos loadtest SCENARIO --worker 127.0.0.1:5557"])
    assert as_screen(waiting, width=30, color=False).partition("each")[2].splitlines()[:3] == [
        " comes with: wattos",
        "  loadtest SCENARIO --worker",
        "  127.0.0.1:5557",
    ]


def test_columns_are_left_out_the_least_important_first() -> None:
    def kept(width: int) -> list[str]:
        lines = as_screen(VIEW, width=width, color=False).splitlines()
        return [line.removeprefix("REQUEST").strip() for line in lines if "FAILED" in line]

    assert kept(80) == [
        "RATE  P50 MS  P95 MS  P99 MS      FAILED",
        "COUNT  P50 MS  P95 MS  P99 MS      FAILED",
    ]
    assert kept(48)[0] == "RATE  P95 MS  P99 MS      FAILED"
    assert kept(40)[0] == "RATE  P95 MS      FAILED"
    assert kept(20) == ["FAILED", "FAILED"]


def test_at_40_columns_it_says_what_counts() -> None:
    screen = as_screen(replace(VIEW, breakers=[]), width=40, color=False).splitlines()
    assert screen[:2] == ["chat: 10 users for 60 s against…", "[==       ] 12s of 1m00s, 10 of 10 users"]


def test_what_it_says() -> None:
    screen = as_screen(replace(VIEW, breakers=[], due=99, dropped=3), width=80, color=False).splitlines()
    assert screen[1].endswith("] 12s of 1m00s, 10 of 10 users")
    assert screen[1].startswith("[==========    ")
    assert "overall   12.3/s    4.56     123    2346  7 (0.57 %)" in screen
    assert "arrivals  99 due, 3 dropped" in screen
    assert "breakers  all closed" in screen
    assert [line.split()[-2:] for line in screen if line.startswith("GET /x")] == [["(100", "%)"]]


def test_nobody_can_be_asked_for_breakers_of_another_host() -> None:
    assert "breaker" not in as_screen(VIEW, width=80, color=False)


def test_a_run_without_an_end_tells_none() -> None:
    endless = replace(VIEW, duration_s=float("inf"))
    assert "] 12s, 10 of 10 users" in as_screen(endless, width=80, color=False)
    assert as_line(endless).startswith("  12 s: 10 users")


def test_a_run_whose_time_is_over_finishes_what_is_under_way() -> None:
    late = replace(VIEW, passed_s=66.0, users=3)
    assert "] 1m00s of 1m00s, finishing, 3 of 10 users" in as_screen(late, width=80, color=False)
    assert as_line(late).startswith("  60 s of 60 s, finishing: 3 users")
    assert as_line(replace(late, passed_s=60.4)).startswith("  60 s of 60 s: 3 users")


def test_errors_cannot_control_the_terminal() -> None:
    nasty = replace(VIEW, newest_error="\033[2Jgone\u202e", breakers=[("a\033[31m", "open")])
    assert "\033" not in as_screen(nasty, width=80, color=False) + as_line(nasty)
    assert "\033[31mopen" in as_screen(nasty, width=80, color=True)
