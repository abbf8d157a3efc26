"""The parser process: a document may hang or kill it, the next one is read all the same."""

import asyncio
import signal

import psutil
import pytest

from wattos_platform.services.rag.adapters.parser_process import ParserBugError, ParserProcess
from wattos_platform.services.rag.domain.chunk import Chunking
from wattos_platform.services.rag.ports import DocumentRefusedError

PLAIN, HTML = "text/plain", "text/html"
# So deeply nested that building the tree's text takes minutes.
ENDLESS = "<div>" * 200_000 + "x"


@pytest.fixture
async def parser():
    process = ParserProcess(timeout_s=20)
    yield process
    await process.close()


def children() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE and any("parsing.start" in part for part in child.cmdline())
    ]


async def read(parser, path, media=PLAIN):
    return await parser.prepare(path, media, Chunking(), ())


async def test_document_that_takes_too_long_is_refused_and_the_next_is_read(tmp_path):
    parser = ParserProcess(timeout_s=2)
    endless, good = tmp_path / "endless.html", tmp_path / "good.txt"
    endless.write_text(ENDLESS)
    good.write_text("All is well.")

    with pytest.raises(DocumentRefusedError, match="took longer than"):
        await read(parser, endless, HTML)
    parser._timeout_s = 20  # the machine may be slow; only the first document must not be waited for
    assert (await read(parser, good)).text == "All is well."
    await parser.close()


async def test_document_that_kills_the_process_is_refused_and_the_next_is_read(parser, tmp_path):
    endless, good = tmp_path / "endless.html", tmp_path / "good.txt"
    endless.write_text(ENDLESS)
    good.write_text("All is well.")
    reading = asyncio.create_task(read(parser, endless, HTML))
    while not children():
        await asyncio.sleep(0.01)

    children()[0].send_signal(signal.SIGKILL)

    with pytest.raises(ParserBugError, match="made the parser fail"):
        await reading
    assert (await read(parser, good)).text == "All is well."


async def test_cancelled_reading_never_gives_its_answer_to_the_next_document(parser, tmp_path):
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    first.write_text("first " * 500_000)
    second.write_text("second")
    reading = asyncio.create_task(read(parser, first))
    while not children():
        await asyncio.sleep(0.01)

    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)

    assert (await read(parser, second)).text == "second"


async def test_missing_file_is_a_bug_for_the_log_and_a_plain_reason_for_people(parser, tmp_path):
    with pytest.raises(ParserBugError, match="cannot be read") as caught:
        await read(parser, tmp_path / "gone.txt")

    assert "FileNotFoundError" in caught.value.detail


async def test_idle_process_gives_its_memory_back_and_comes_again(tmp_path):
    parser = ParserProcess(idle_s=0.05)
    good = tmp_path / "good.txt"
    good.write_text("All is well.")
    await read(parser, good)

    async with asyncio.timeout(10):
        while children():
            await asyncio.sleep(0.01)

    assert (await read(parser, good)).text == "All is well."
    await parser.close()
    assert children() == []


async def test_deeply_nested_page_is_read_or_refused_but_never_fatal(parser, tmp_path):
    page = tmp_path / "deep.html"
    page.write_text("<div>" * 3000 + "deep inside")

    assert "deep inside" in (await read(parser, page, HTML)).text
