"""Which URLs of stores are refused, and that the refusal tells nothing of them."""

import subprocess
import sys

import pytest

from wattos_platform.contracts.settings import Settings, SettingsError
from wattos_platform.contracts.store_urls import redis_url_mistake


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://localhost:6379/0",
        "redis://localhost/",
        "redis://user:p%40ss@host:6379/1",
        "redis://:pass@[::1]:6379",
        "rediss://host?ssl_cert_reqs=required&ssl_ca_certs=/etc/ca.pem",
        "unix:///run/redis.sock?db=1",
    ],
)
def test_urls_that_can_work(url: str) -> None:
    assert redis_url_mistake(url) is None
    assert Settings.from_environ({"REDIS_URL": url}).redis_url is not None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("localhost:6379", "does not begin like"),
        ("http://h3mlich", "does not begin like"),
        ("redis://", "names no Redis"),
        ("redis:///1", "names no Redis"),
        ("unix://", "names no Redis"),
        ("redis://:h3m/lich@host", "not a valid URL"),
        ("redis://:h3m#lich@host:1", "not a valid URL"),
        ("redis://u:h3mlich@host:port", "not a valid URL"),
        ("redis://[::1", "not a valid URL"),
        ("redis://h/h3mlich", "names no database"),
        ("redis://h?db=h3mlich", "names no database"),
        ("redis://h/0#h3mlich", "names no database"),
        ("redis://h?socket_timeout=60", "known are db, ssl_ca_certs"),
        ("redis://h?h3mlich", "not a valid URL"),
    ],
)
def test_urls_that_cannot(url: str, reason: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environ({"REDIS_URL": url})
    assert str(refused.value).startswith("REDIS_URL: ")
    assert reason in str(refused.value)
    assert "h3m" not in str(refused.value)


def test_a_database_that_no_service_can_use_is_refused() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environ({"DATABASE_URL": "postgresql://u:h3mlich@h/x"})
    assert str(refused.value).startswith("DATABASE_URL: names a database that services cannot use yet; unset")
    assert "h3mlich" not in str(refused.value)
    assert Settings.from_environ({"DATABASE_URL": "sqlite+aiosqlite:///x.db"}).database_url is not None


def test_without_a_url_the_library_is_not_loaded() -> None:
    code = (
        "import sys; import wattos_platform.kernel.bootstrap, wattos_platform.kernel.service;"
        "print([name for name in sys.modules if name.partition('.')[0] == 'redis'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
