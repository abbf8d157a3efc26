"""Log records: one JSON object per line, in order, whatever the pipe does."""

import errno
import json
import logging
from collections.abc import Callable
from select import PIPE_BUF

from wattos_platform.contracts.identity import Identity
from wattos_platform.kernel import context
from wattos_platform.kernel.logging import LogSink, bridge_libraries, make_logger


def sink(lines: list[bytes], level: str = "info") -> LogSink:
    return LogSink("chat", level, write=lines.append, clock=lambda: 1767225600.25)


def test_every_record_is_one_json_object_with_the_fixed_fields_first() -> None:
    lines: list[bytes] = []
    make_logger(sink(lines)).info("run.completed", message="Done\nwith it.", duration_ms=3.2)
    (line,) = lines
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        "time": "2026-01-01T00:00:00.250000Z",
        "level": "info",
        "service": "chat",
        "event": "run.completed",
        "message": "Done\nwith it.",
        "duration_ms": 3.2,
    }


def test_records_bear_the_ids_of_the_request_at_hand() -> None:  # defect-33
    lines: list[bytes] = []
    with context.background(Identity("tenant-a", "user-1"), "req-12345678") as request:
        make_logger(sink(lines)).warning("hop.failed")
    record = json.loads(lines[0])
    assert record["request_id"] == "req-12345678"
    assert record["trace_id"] == request.trace_id
    assert (record["tenant_id"], record["user_id"]) == ("tenant-a", "user-1")


class Turn:
    """Keeps what is to happen at the loop's next turn."""

    def __init__(self) -> None:
        self.due: list[Callable[[], None]] = []

    def take(self, action: Callable[[], None]) -> None:
        self.due.append(action)

    def end(self) -> None:
        due, self.due = self.due, []
        for each in due:
            each()


def test_access_lines_of_one_turn_are_one_write_in_order() -> None:
    written: list[bytes] = []
    turn = Turn()
    target = LogSink("chat", write=written.append, later=turn.take)
    for line in (b"1\n", b"2\n"):
        target.raw(line)
    assert written == []
    turn.end()
    assert written == [b"1\n2\n"]
    assert turn.due == []


def test_an_event_comes_after_the_access_lines_that_wait() -> None:
    written: list[bytes] = []
    turn = Turn()
    target = LogSink("chat", write=written.append, later=turn.take)
    target.raw(b"1\n")
    make_logger(target).info("run.completed")
    assert written[0] == b"1\n"
    assert b"run.completed" in written[1]
    turn.end()
    assert len(written) == 2


def test_lines_that_wait_stay_one_piece_in_a_pipe() -> None:
    written: list[bytes] = []
    turn = Turn()
    target = LogSink("chat", write=written.append, later=turn.take)
    lines = [b"%d" % n * 300 + b"\n" for n in range(40)]
    for line in lines:
        target.raw(line)
    target.flush()
    assert b"".join(written) == b"".join(lines)
    assert max(map(len, written)) <= PIPE_BUF
    assert len(written) < len(lines) / 5


def test_a_log_that_takes_nothing_costs_its_lines_and_says_so_later() -> None:
    """A full disk, say: raised at the loop's next turn, the error would end the loop."""
    written: list[bytes] = []
    is_full = True

    def write(data: bytes) -> None:
        if is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(data)

    turn = Turn()
    target = LogSink("chat", write=write, later=turn.take)
    target.raw(b"line\n")
    turn.end()
    log = make_logger(target)
    log.warning("row.dropped", message="The queue is full.")
    is_full = False
    for _ in range(2):
        log.info("went.on")
    events = [json.loads(line) for line in written]
    assert [each["event"] for each in events] == ["went.on", "log.lost", "went.on"]
    assert events[1]["writes"] == 2


def test_errors_carry_type_message_and_stack_and_no_secret() -> None:
    lines: list[bytes] = []
    try:
        int("postgresql://u:hunter2@db/x")
    except ValueError as error:
        make_logger(sink(lines)).error("db.failed", exc_info=error)
    record = json.loads(lines[0])
    assert record["error.type"] == "ValueError"
    assert "Traceback" in record["error.stack"]
    assert b"hunter2" not in lines[0]


def test_the_level_is_obeyed_and_can_change_at_run_time() -> None:
    lines: list[bytes] = []
    target = sink(lines, "warning")
    log = make_logger(target)
    log.info("a.hidden")
    target.level = 10
    log.debug("a.shown")
    assert [json.loads(line)["event"] for line in lines] == ["a.shown"]


def test_libraries_write_the_same_json() -> None:  # defect-39
    lines: list[bytes] = []
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    try:
        bridge_libraries(sink(lines))
        logging.getLogger("uvicorn.error").warning("odd %s", "request")
    finally:
        root.handlers[:], root.level = before
    assert json.loads(lines[0])["message"] == "odd request"
