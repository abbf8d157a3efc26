"""Migrations on real files: at once when current, copied before a change, locked, whole or not at all."""

import fcntl
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from wattos_platform.kernel.db.migrate import DatabaseNewerError, MigrationFailedError, migrate
from wattos_platform.kernel.db.revisions import Chain, RevisionError, SchemaState, read_chain, read_revision

FIRST = """
from alembic import op
import sqlalchemy as sa
revision = "0001"
down_revision = None
def upgrade():
    op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True), sa.Column("body", sa.String))
"""
SECOND = """
from alembic import op
revision: str = "0002"
down_revision: str | None = "0001"
def upgrade():
    op.execute("CREATE TABLE tags (id INTEGER PRIMARY KEY)")
    op.execute("ALTER TABLE notes ADD COLUMN tag INTEGER")
"""
BROKEN = SECOND.replace("ALTER TABLE notes", "ALTER TABLE nowhere")


@pytest.fixture
def versions(tmp_path):
    folder = tmp_path / "migrations" / "versions"
    folder.mkdir(parents=True)
    (folder / "0001_initial.py").write_text(FIRST)
    return folder


@pytest.fixture
def database(tmp_path):
    return tmp_path / "data" / "notes.db"


def tables(database: Path) -> set[str]:
    with closing(sqlite3.connect(database)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")}


def test_a_new_database_gets_every_revision_and_no_copy(versions, database):
    done = migrate(database, versions)

    assert (done.before, done.after, done.copy, done.changed) == (None, "0001", None, True)
    assert tables(database) == {"notes", "alembic_version"}
    assert database.stat().st_mode & 0o777 == 0o600


def test_a_current_database_is_left_alone_without_importing_alembic(versions, database):
    migrate(database, versions)
    script = (
        "import sys; from pathlib import Path; from wattos_platform.kernel.db.migrate import migrate; "
        "done = migrate(Path(sys.argv[1]), Path(sys.argv[2])); "
        "print(done.changed, sorted({'alembic', 'sqlalchemy'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script, str(database), str(versions)],
        capture_output=True, text=True, check=True, env={"PYTHONPATH": "platform"},
    )  # fmt: skip
    assert answer.stdout.strip() == "False []"


def test_an_older_database_is_copied_with_its_rows_then_changed(versions, database):
    migrate(database, versions)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("INSERT INTO notes (body) VALUES ('kept')")
        connection.commit()
    (versions / "0002_tags.py").write_text(SECOND)

    done = migrate(database, versions, clock=lambda: 0)

    assert (done.before, done.after) == ("0001", "0002")
    assert done.copy is not None
    assert done.copy.name == "notes.db.before-19700101T000000-0001"
    assert tables(done.copy) == {"notes", "alembic_version"}
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT body, tag FROM notes").fetchall() == [("kept", None)]


def test_only_the_last_three_copies_stay(versions, database):
    migrate(database, versions)
    for day in range(5):
        (versions / "next.py").write_text(
            f'revision = "n{day}"\ndown_revision = "{f"n{day - 1}" if day else "0001"}"\ndef upgrade(): ...\n'
        )
        (versions / "next.py").rename(versions / f"n{day}.py")
        migrate(database, versions, clock=lambda day=day: day * 86400)

    copies = sorted(path.name for path in database.parent.glob("*.before-*"))
    assert [name.rpartition("-")[2] for name in copies] == ["n1", "n2", "n3"]


def test_a_database_newer_than_the_code_is_refused_untouched(versions, database):
    (versions / "0002_tags.py").write_text(SECOND)
    migrate(database, versions)
    (versions / "0002_tags.py").unlink()

    with pytest.raises(DatabaseNewerError, match=r"0002.*up to 0001"):
        migrate(database, versions)
    assert read_revision(database) == "0002"


def test_a_failing_revision_leaves_nothing_behind(versions, database):
    migrate(database, versions)
    (versions / "0002_tags.py").write_text(BROKEN)

    with pytest.raises(MigrationFailedError, match="nowhere"):
        migrate(database, versions)
    assert (read_revision(database), tables(database)) == ("0001", {"notes", "alembic_version"})


def test_a_file_that_is_no_database_is_refused(versions, database):
    database.parent.mkdir()
    database.write_bytes(b"not a database at all, but long enough to have a header" * 10)
    with pytest.raises(MigrationFailedError, match="not a database"):
        migrate(database, versions)


def test_a_second_migration_waits_for_the_first(versions, database):
    database.parent.mkdir()
    waits: list[float] = []
    with Path(f"{database}.migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 3:
                fcntl.flock(lock, fcntl.LOCK_UN)

        migrate(database, versions, sleep=sleep)
    assert len(waits) == 3


def test_a_lock_that_is_never_free_is_an_error(versions, database):
    database.parent.mkdir()
    with Path(f"{database}.migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(MigrationFailedError, match="another process"):
            migrate(database, versions, sleep=lambda _: None)


def test_a_migration_killed_half_way_is_done_whole_by_the_next(versions, database):
    migrate(database, versions)
    (versions / "0002_tags.py").write_text(SECOND + "    import os; os.kill(os.getpid(), 9)\n")
    script = (
        "import sys; from pathlib import Path; from wattos_platform.kernel.db.migrate import migrate; "
        "migrate(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    killed = subprocess.run(
        [sys.executable, "-c", script, str(database), str(versions)],
        env={"PYTHONPATH": "platform"}, capture_output=True, check=False,
    )  # fmt: skip
    assert killed.returncode == -9
    assert (read_revision(database), tables(database)) == ("0001", {"notes", "alembic_version"})

    (versions / "0002_tags.py").write_text(SECOND)
    assert migrate(database, versions).after == "0002"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (
            {
                "a.py": 'revision = "1"\ndown_revision = None\n',
                "b.py": 'revision = "2"\ndown_revision = None\n',
            },
            "heads",
        ),
        ({"a.py": "x = 1\n"}, "does not assign"),
    ],
    ids=["two-heads", "no-revision"],
)
def test_a_chain_that_is_none_is_refused(tmp_path, files, reason):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(RevisionError, match=reason):
        read_chain(tmp_path)


@pytest.mark.parametrize(
    ("current", "state"),
    [(None, SchemaState.EMPTY), ("1", SchemaState.OLD), ("2", SchemaState.CURRENT), ("9", SchemaState.NEWER)],
)
def test_how_a_database_stands_to_the_code(current, state):
    assert Chain(frozenset({"1", "2"}), "2").state(current) is state


def test_a_service_without_revisions_needs_no_migration(tmp_path):
    assert not migrate(tmp_path / "x.db", tmp_path).changed
