"""`wattos logs -f` as a process, beside a process that writes and is rotated as the supervisor does it."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINES, PER_FILE = 30_000, 3_000
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}"}

WRITER = textwrap.dedent(
    """
    import json, os, signal, sys
    path, lines, per_file = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    descriptor = None
    def reopen(*_):
        global descriptor
        if descriptor is not None:
            os.close(descriptor)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    signal.signal(signal.SIGHUP, reopen)
    reopen()
    print("ready", flush=True)
    for number in range(lines):
        time = f"2026-11-23T18:{number // 1000:02d}:{number % 1000 / 20:06.3f}Z"
        os.write(descriptor, json.dumps({"time": time, "message": str(number)}).encode() + b"\\n")
        if number % per_file == per_file - 1:
            print(number, flush=True)  # now the file is rotated and SIGHUP sent, while writing goes on
            if number // per_file % 3 == 2:
                sys.stdin.readline()
    print("done", flush=True)
    sys.stdin.readline()
    """
)


@pytest.fixture
def follower(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    (tmp_path / ".wattos" / "logs").mkdir(parents=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "wattos_cli", "logs", "-f", "-o", "json"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    assert "yet" in process.stderr.readline()
    yield process
    process.kill()
    process.communicate()


def rotate(path: Path) -> None:
    for age in range(5, 0, -1):
        newer = path if age == 1 else path.with_name(f"{path.name}.{age - 1}")
        if newer.exists():
            newer.replace(path.with_name(f"{path.name}.{age}"))


def test_each_line_once_over_ten_rotations(tmp_path: Path, follower: "subprocess.Popen[str]") -> None:
    path = tmp_path / ".wattos" / "logs" / "chat.0.log"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(LINES), str(PER_FILE)],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert writer.stdin is not None
    assert writer.stdout is not None
    assert follower.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    seen: list[int] = []
    for turn, said in enumerate(writer.stdout):
        if said == "done\n":
            break
        rotate(path)
        writer.send_signal(signal.SIGHUP)
        if turn % 3 == 2:  # of five kept files, three may be full before the follower has looked
            while len(seen) < (turn + 1) * PER_FILE:
                seen.append(int(json.loads(follower.stdout.readline())["message"]))
            writer.stdin.write("go on\n")
            writer.stdin.flush()
    writer.stdin.write("end\n")
    writer.communicate(timeout=60)
    assert writer.returncode == 0
    while len(seen) < LINES:
        seen.append(int(json.loads(follower.stdout.readline())["message"]))
    assert seen == list(range(LINES))
    follower.send_signal(signal.SIGINT)
    rest, told = follower.communicate(timeout=60)
    assert (rest, follower.returncode) == ("", 130)
    assert "Traceback" not in told


def test_following_ends_when_nobody_reads_any_more(follower: "subprocess.Popen[str]") -> None:
    assert follower.stdout is not None
    follower.stdout.close()
    assert follower.wait(60) == 0
