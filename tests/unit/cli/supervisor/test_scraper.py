"""The scraper: rhythm, up and down, ends, garbage, clocks, disks; against fake targets and a fake clock."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.metrics.samples import stored
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.metricstore.series import Matcher
from wattos_cli.supervisor.addresses import Address
from wattos_cli.supervisor.probe import Answer, ProbeError
from wattos_cli.supervisor.scrape import target_status
from wattos_cli.supervisor.scrape.recorder import Fetched, Outcome, Recorder
from wattos_cli.supervisor.scrape.scraper import Scraper
from wattos_cli.supervisor.scrape.scraping import Scraping
from wattos_cli.supervisor.scrape.settings import ScrapeSettings
from wattos_cli.supervisor.scrape.targets import Target, targets

BODY = b"# TYPE calls_total counter\ncalls_total 7\n"
CHAT = Target("chat", "chat-0", Address(path="/s/chat-0.sock"), "/metrics")
UP = Matcher("__name__", "=", "up")


def row(name: str = "chat", **more: Any) -> dict[str, Any]:
    socket = f"/s/{name}-0.sock"
    return {"name": name, "replica": 0, "state": "ready", "ops_socket": socket, "metrics": None, **more}


class House:
    """Rows that a test sets, targets that answer as it says, and a clock that it moves."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.rows = [row()]
        self.answers: dict[str, bytes | Exception | int] = {}
        self.time = 100.0
        self.asked: list[str] = []
        self.folder = folder
        self.scraper = Scraper(
            lambda: self.rows, folder, ScrapeSettings(**settings), fetch=self.fetch, clock=lambda: self.time
        )

    async def fetch(self, address: Address, path: str, timeout_s: float) -> Answer:
        where = address.path or f"{address.host}:{address.port}{path}"
        self.asked.append(where)
        answer = self.answers.get(where, BODY)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            return Answer(answer, {}, b"")
        return Answer(200, {}, answer)

    async def scrape(self) -> list[Outcome]:
        self.time += 5
        return await self.scraper.scrape_now()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path / "metrics")
    yield made
    await made.scraper.close()


async def test_what_a_target_exposes_is_kept_with_up_and_how_it_went(house: House) -> None:
    assert await house.scrape() == [Outcome("chat-0", up=True, samples=1)]
    found = stored(house.folder)
    assert found.keys() == {
        f"{name} instance=chat-0 job=chat"
        for name in ("calls_total", "up", "scrape_duration_seconds", "scrape_samples_scraped")
    }
    assert found["calls_total instance=chat-0 job=chat"] == [(105_000, 7.0)]
    assert found["up instance=chat-0 job=chat"] == [(105_000, 1.0)]
    assert found["scrape_samples_scraped instance=chat-0 job=chat"] == [(105_000, 1.0)]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(ProbeError("no answer within 4 s"), "no answer within 4 s"), (503, "HTTP 503"), (301, "HTTP 301")],
)
async def test_a_target_that_is_down_is_shown_as_down(
    house: House, answer: Exception | int, reason: str
) -> None:
    await house.scrape()
    house.answers["/s/chat-0.sock"] = answer
    assert await house.scrape() == [Outcome("chat-0", up=False, reason=reason)]
    await house.scrape()
    found = stored(house.folder)
    assert found["up instance=chat-0 job=chat"] == [(105_000, 1.0), (110_000, 0.0), (115_000, 0.0)]
    assert found["calls_total instance=chat-0 job=chat"] == [(105_000, 7.0), (110_000, "stale")]


async def test_a_target_that_goes_ends_with_all_its_series(house: House) -> None:
    house.rows.append(row("rag"))
    await house.scrape()
    house.rows.pop()
    await house.scrape()
    found = stored(house.folder, UP)
    assert found["up instance=rag-0 job=rag"] == [(105_000, 1.0), (110_000, "stale")]
    assert found["up instance=chat-0 job=chat"] == [(105_000, 1.0), (110_000, 1.0)]


async def test_the_end_ends_every_series(house: House) -> None:
    await house.scrape()
    house.time += 1
    await house.scraper.close()
    assert stored(house.folder, UP)["up instance=chat-0 job=chat"] == [(105_000, 1.0), (106_000, "stale")]


async def test_what_is_known_of_the_targets_is_told_as_prometheus_tells_it(house: House) -> None:
    house.rows.append(row("own", ops_socket=None, metrics="http://127.0.0.1:3040/m"))
    house.answers["127.0.0.1:3040/m"] = ProbeError("Connection refused")
    assert target_status.targets(house.scraper.states(), house.scraper.settings)["activeTargets"] == []
    await house.scrape()
    chat, own = target_status.targets(house.scraper.states(), house.scraper.settings)["activeTargets"]
    assert chat["labels"] == {"job": "chat", "instance": "chat-0"}
    assert (chat["scrapeUrl"], chat["health"], chat["lastError"]) == (
        "unix:/s/chat-0.sock:/metrics",
        "up",
        "",
    )
    assert (chat["lastScrape"], chat["scrapeInterval"]) == ("1970-01-01T00:01:45.000Z", "5s")
    assert (own["scrapeUrl"], own["health"]) == ("http://127.0.0.1:3040/m", "down")
    assert own["lastError"] == "Connection refused"


async def test_each_target_is_scraped_in_its_rhythm(tmp_path: Path) -> None:
    house = House(tmp_path, interval_s=0.01)
    house.rows.append(row("rag"))
    task = asyncio.create_task(house.scraper.run())
    while min(house.asked.count("/s/chat-0.sock"), house.asked.count("/s/rag-0.sock")) < 5:
        house.time += 0.001
        await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await house.scraper.close()
    assert stored(tmp_path, UP).keys() == {"up instance=chat-0 job=chat", "up instance=rag-0 job=rag"}


async def test_a_folder_that_cannot_be_written_is_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "metrics").write_text("in the way")
    house = House(tmp_path / "metrics", interval_s=0.01)
    task = asyncio.create_task(house.scraper.run())
    while "cannot keep metrics in" not in capsys.readouterr().err:
        await asyncio.sleep(0.001)
    (tmp_path / "metrics").unlink()
    while not house.asked:
        await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await house.scraper.close()


@pytest.mark.parametrize(("interval_s", "timeout_s"), [(1, 0.8), (5, 4), (60, 10)])
def test_who_scrapes_rarely_still_waits_no_longer_than_a_person_would(
    interval_s: float, timeout_s: float
) -> None:
    assert ScrapeSettings(interval_s=interval_s).timeout_s == timeout_s


def test_which_replicas_are_targets() -> None:
    rows = [
        row("ready"),
        row("gone", state="stopped"),
        row("new", state="starting"),
        row("again", state="starting"),
        row("crashed", state="crash_loop"),
        row("plain", ops_socket=None),
        row("own", ops_socket=None, metrics="http://127.0.0.1:3040/m?x=1"),
    ]
    found = targets(rows, {"again-0"})
    assert [target.job for target in found] == ["ready", "again", "crashed", "own"]
    assert found[-1] == Target("own", "own-0", Address(host="127.0.0.1", port=3040), "/m?x=1")


class Ledger:
    """Takes what is written to the supervisor's log."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def __call__(self, event: str, message: str, *, level: str = "info", target: str) -> None:
        self.told.append((event, message))


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def recorder(tmp_path: Path, ledger: Ledger) -> Recorder:
    return Recorder(tmp_path, ScrapeSettings(), 0, ledger)


def test_garbage_is_counted_and_told_once(recorder: Recorder, ledger: Ledger, tmp_path: Path) -> None:
    for second in (1, 2):
        outcome = recorder.record(CHAT, Fetched(second * 1000, 0.1, b"good 1\n<html>\nbetter 2\n!\n"))
    assert outcome == Outcome("chat-0", up=True, samples=2, refused=2)
    recorder.record(CHAT, Fetched(3000, 0.1, b"good 1\n"))
    assert ledger.told == [
        (
            "exposition.failed",
            "chat-0 exposes 2 lines that are passed over, the first in line 2: no sample: '<html>'",
        ),
        ("exposition.recovered", "chat-0: well again"),
    ]
    assert stored(tmp_path)["better instance=chat-0 job=chat"] == [(1000, 2.0), (2000, 2.0), (3000, "stale")]


def test_a_page_for_people_is_no_exposition(recorder: Recorder, ledger: Ledger) -> None:
    outcome = recorder.record(CHAT, Fetched(1000, 0.1, b"<html>\n<body>Log in</body>\n"))
    assert outcome == Outcome(
        "chat-0",
        up=False,
        refused=2,
        reason="none of its lines is a sample, not line 1 either: no sample: '<html>'",
    )
    assert recorder.record(CHAT, Fetched(2000, 0.1, b"")).up, "who has nothing to tell is up"


def test_too_many_series_make_a_target_down_and_say_why(recorder: Recorder, ledger: Ledger) -> None:
    body = b"\n".join(b"m%d 1" % number for number in range(50_001))
    outcome = recorder.record(CHAT, Fetched(1000, 0.1, body))
    assert not outcome.up
    assert "50001 series" in outcome.reason
    assert ledger.told[0][1].startswith("chat-0 cannot be scraped: 50001 series")


def test_a_clock_that_goes_back_costs_samples_and_is_told(
    recorder: Recorder, ledger: Ledger, tmp_path: Path
) -> None:
    outcomes = [recorder.record(CHAT, Fetched(second * 1000, 0.1, BODY)) for second in (10, 3, 4, 11)]
    assert [outcome.dropped for outcome in outcomes] == [0, 4, 8, 8], "four samples, twice"
    assert [outcome.lost for outcome in outcomes] == ["", "the clock went back", "the clock went back", ""]
    assert stored(tmp_path)["calls_total instance=chat-0 job=chat"] == [(10_000, 7.0), (11_000, 7.0)]
    assert [event for event, _ in ledger.told] == ["clock.failed", "clock.recovered"]


def test_a_target_cannot_say_that_it_is_up(recorder: Recorder, tmp_path: Path) -> None:
    recorder.record(CHAT, Fetched(1000, 0.1, b"up 5\n"))
    assert stored(tmp_path)["up instance=chat-0 job=chat"] == [(1000, 1.0)]


def test_a_store_that_cannot_be_written_is_told_once(
    recorder: Recorder, ledger: Ledger, tmp_path: Path
) -> None:
    (tmp_path / "chat-0").write_text("in the way")
    for second in (1, 2):
        outcome = recorder.record(CHAT, Fetched(second * 1000, 0.1, BODY))
        assert (outcome.up, outcome.lost) == (True, "File exists")
    (tmp_path / "chat-0").unlink()
    assert not recorder.record(CHAT, Fetched(3000, 0.1, BODY)).lost
    assert [event for event, _ in ledger.told] == ["store.failed", "store.recovered"]


async def test_a_scrape_that_cannot_be_kept_is_no_answer_to_who_asked_for_it(tmp_path: Path) -> None:
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "chat-0").write_text("in the way")
    scraping = Scraping(lambda: [row()], tmp_path / "metrics")
    scraping.obey(ScrapeSettings().to_json())
    await asyncio.sleep(0)  # its task has begun
    with pytest.raises(WattosError, match=r"cannot keep metrics in .*metrics: File exists") as caught:
        await scraping.scrape_now()
    assert caught.value.exit_code == ExitCode.UNREACHABLE
    (tmp_path / "metrics" / "chat-0").unlink()
    assert [each["instance"] for each in (await scraping.scrape_now())["targets"]] == ["chat-0"]
    await scraping.close()


@pytest.fixture
async def silent_once(tmp_path: Path) -> AsyncIterator[tuple[Scraping, asyncio.Event]]:
    """A scraping of one replica, and what is set when that is first asked, which it never answers."""
    asked = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if asked.is_set():
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY))
        else:
            asked.set()
            await reader.read()
        writer.close()

    async with await asyncio.start_unix_server(serve, tmp_path / "s"):
        scraping = Scraping(lambda: [row(ops_socket=str(tmp_path / "s"))], tmp_path / "metrics")
        scraping.obey(ScrapeSettings(interval_s=600).to_json())
        yield scraping, asked
        await scraping.close()


async def test_who_asks_while_the_settings_change_is_answered_under_the_new_ones(
    silent_once: tuple[Scraping, asyncio.Event],
) -> None:
    scraping, silent = silent_once
    asking = asyncio.create_task(scraping.scrape_now())
    await silent.wait()
    scraping.obey(ScrapeSettings(interval_s=300).to_json())
    (target,) = (await asking)["targets"]
    assert (target["instance"], target["up"], target["samples"]) == ("chat-0", True, 1)


async def test_who_asks_while_the_platform_stops_is_told_that_nothing_is_kept(
    silent_once: tuple[Scraping, asyncio.Event],
) -> None:
    scraping, silent = silent_once
    asking = asyncio.create_task(scraping.scrape_now())
    await silent.wait()
    await scraping.close()
    with pytest.raises(WattosError, match="no metrics are kept") as caught:
        await asking
    assert caught.value.exit_code == ExitCode.UNREACHABLE
