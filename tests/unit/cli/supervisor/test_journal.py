"""The supervisor's log never stands in the way of what it reports."""

import contextlib
import errno
import io
import json

from wattos_cli.supervisor import journal


class FullDisk(io.StringIO):
    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_record_is_one_line_without_what_is_not_known() -> None:
    stream = io.StringIO()
    with contextlib.redirect_stderr(stream):
        journal.write("replica.changed", "rag-0 is ready", target="rag", reason=None)
    record = json.loads(stream.getvalue())
    assert (record["event"], record["target"], record["level"]) == ("replica.changed", "rag", "info")
    assert "reason" not in record


def test_a_record_that_finds_no_room_is_lost_and_nothing_else() -> None:
    stream = FullDisk()
    with contextlib.redirect_stderr(stream):
        journal.write("platform.ended", "the platform ends")
    assert "the platform ends" in stream.getvalue()
