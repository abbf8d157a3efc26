"""A service is ready only on the schema that its code wants."""

import pytest

from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.db.migrate import migrate
from wattos_platform.kernel.db.readiness import DatabaseCheck, SchemaOutdatedError

REVISION = 'revision = "{0}"\ndown_revision = {1}\ndef upgrade(): ...\n'


@pytest.fixture
def versions(tmp_path):
    folder = tmp_path / "migrations" / "versions"
    folder.mkdir(parents=True)
    (folder / "a.py").write_text(REVISION.format("0001", None))
    return folder


async def test_an_empty_or_old_schema_is_not_ready_and_a_current_one_is(tmp_path, versions):
    path = tmp_path / "x.db"
    database = await Database.open(path)
    check = DatabaseCheck("chat", database, versions)
    with pytest.raises(SchemaOutdatedError, match=r"empty, the code wants 0001; run: .* migrate chat"):
        await check.ping()
    migrate(path, versions)
    await check.ping()

    (versions / "b.py").write_text(REVISION.format("0002", '"0001"'))
    with pytest.raises(SchemaOutdatedError, match="0001, the code wants 0002"):
        await DatabaseCheck("chat", database, versions).ping()
    migrate(path, versions)
    (versions / "b.py").unlink()
    with pytest.raises(SchemaOutdatedError, match="newer"):
        await DatabaseCheck("chat", database, versions).ping()
    await database.close()
