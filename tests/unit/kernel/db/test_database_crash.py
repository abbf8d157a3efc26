"""What was acknowledged is there after SIGKILL, and two processes may write one file."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing

WRITER = """
import asyncio, sys
from pathlib import Path
from sqlalchemy import text
from wattos_platform.kernel.db.database import Database

async def main(path, start, count):
    database = await Database.open(Path(path))
    async def one(number):
        statement = text("INSERT INTO notes (id) VALUES (:id)")
        await database.write(lambda connection: connection.execute(statement, {"id": number}))
        print(number, flush=True)
    for first in range(start, start + count, 20):
        await asyncio.gather(*(one(number) for number in range(first, first + 20)))
    await database.close()

asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""


def writer(path, start, count):
    arguments = [sys.executable, "-c", WRITER, str(path), str(start), str(count)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": "platform"})


def stored(path):
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {number for (number,) in connection.execute("SELECT id FROM notes")}


def make(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY)")


def test_every_acknowledged_row_survives_a_kill(tmp_path):
    path = tmp_path / "x.db"
    make(path)
    process = writer(path, 0, 1_000_000)
    acknowledged = {int(process.stdout.readline()) for _ in range(500)}
    process.kill()
    rest, _ = process.communicate()
    acknowledged |= {int(line) for line in rest.split("\n")[:-1]}

    assert acknowledged <= stored(path)


async def test_two_replicas_write_the_same_file(tmp_path):
    path = tmp_path / "x.db"
    make(path)
    processes = [writer(path, start, 400) for start in (0, 1000)]
    answers = await asyncio.gather(*(asyncio.to_thread(process.communicate) for process in processes))

    assert [process.returncode for process in processes] == [0, 0]
    acknowledged = {int(line) for out, _ in answers for line in out.split()}
    assert acknowledged == stored(path) == {*range(400), *range(1000, 1400)}
