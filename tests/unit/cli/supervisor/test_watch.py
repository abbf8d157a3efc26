"""When `up` has waited long enough, and what it then says."""

from typing import Any

from wattos_cli.errors import ExitCode
from wattos_cli.supervisor import failures
from wattos_cli.supervisor.watch import Watch


def row(
    name: str, state: str, *, failed: bool = False, needs: tuple[str, ...] = (), **more: Any
) -> dict[str, Any]:
    return {
        "name": name, "replica": 0, "state": state, "failed": failed, "needs": list(needs), "reason": "",
        "log_file": "/nowhere/x.log", "log_start": 0, "exit_code": 1, **more,
    }  # fmt: skip


def watched(*rows: dict[str, Any]) -> Watch:
    watch = Watch(tuple(r["name"] for r in rows))
    watch.take({"rows": list(rows)})
    return watch


def test_done_when_all_are_ready() -> None:
    watch = watched(row("a", "starting"), row("b", "ready"))
    assert not watch.done()
    watch.take({"row": row("a", "ready")})
    assert watch.done()


def test_what_is_waited_for_in_words() -> None:
    watch = Watch(("a", "b", "c"))
    told = [watch.awaited()]
    for name, state, replica in (
        ("a", "ready", 0),
        ("other", "starting", 0),
        ("b", "ready", 0),
        ("b", "starting", 1),
        ("c", "ready", 0),
        ("b", "ready", 1),
    ):
        watch.take({"row": row(name, state, replica=replica)})
        told.append(watch.awaited())
    assert told == [
        "waiting for a, b, c (0 of 3 are ready)",
        "waiting for b, c (1 of 3 are ready)",
        "waiting for b, c (1 of 3 are ready)",
        "waiting for c (2 of 3 are ready)",
        "waiting for b, c (1 of 3 are ready)",
        "waiting for b (2 of 3 are ready)",
        "",
    ]


def test_not_done_before_every_name_was_seen() -> None:
    watch = Watch(("a", "b"))
    watch.take({"rows": [row("a", "ready")]})
    assert not watch.done()


def test_a_service_whose_needs_failed_is_not_waited_for() -> None:
    watch = watched(
        row("llm", "backoff", failed=True),
        row("chat", "starting", needs=("llm",)),
        row("front", "starting", needs=("chat",)),
        row("rag", "ready"),
    )
    assert watch.done()
    assert [r["name"] for r in watch.waiting_in_vain()] == ["chat", "front"]
    assert watch.blockers("front") == ["llm"]


def test_an_edge_that_is_not_critical_does_not_stop_the_waiting() -> None:
    watch = watched(row("llm", "crash_loop", failed=True), row("gateway", "starting"))
    assert [r["name"] for r in watch.pending()] == ["gateway"]


def test_a_service_that_failed_and_recovered_is_ready() -> None:
    watch = watched(row("a", "ready", failed=True))
    assert watch.done()
    assert watch.failed() == []


def test_a_database_that_is_too_new_is_exit_3() -> None:
    watch = watched(row("rag", "crash_loop", failed=True, exit_code=3, reason="does not fit"))
    error = failures.error(watch, 60)
    assert error.exit_code is ExitCode.CONFIG
    assert "rag does not fit" in error.message


def test_last_lines_are_of_this_start_and_cannot_steer_the_terminal(tmp_path: Any) -> None:
    log = tmp_path / "x.log"
    log.write_bytes(b"old\n" + b"".join(b"line %d\n" % n for n in range(30)) + b"\x1b[2Jevil\xff\n")
    lines = failures.last_lines(log, since=4)
    assert len(lines) == 20
    assert lines[-1] == "?[2Jevil\N{REPLACEMENT CHARACTER}"
    assert failures.last_lines(log, since=10_000)[0] == "line 11", "a rotated file is read from its beginning"
    assert failures.last_lines(tmp_path / "none", 0) == []
