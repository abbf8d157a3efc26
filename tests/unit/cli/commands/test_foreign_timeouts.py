"""`--timeout` of every command that asks a server of somebody else's."""

from pathlib import Path

import pytest

from tests.fakes.cli.deps import make_deps
from tests.fakes.cli.http import FakeHttp
from wattos_cli.app import execute
from wattos_cli.errors import ExitCode, WattosError

ASKING = (
    "metrics query up --prometheus http://far.example:9090",
    "alerts --prometheus http://far.example:9090",
    "alerts --alertmanager http://far.example:9093",
    "dashboards check --prometheus http://far.example:9090",
    "dashboards push --grafana http://far.example:3000 --token-file token",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("glsa_made_up")
    return tmp_path


def ended(root: Path, http: FakeHttp, command: str) -> WattosError:
    with pytest.raises(WattosError) as caught:
        execute(command.split(), deps=make_deps(cwd=root, http=http))
    return caught.value


@pytest.mark.parametrize("command", ASKING)
def test_it_is_how_long_the_server_may_take(root: Path, command: str) -> None:
    http = FakeHttp()
    assert ended(root, http, f"{command} --timeout 90s").exit_code == ExitCode.UNREACHABLE
    assert http.timeouts_s == {90.0}


@pytest.mark.parametrize("command", ASKING)
def test_no_time_at_all_is_a_usage_error(root: Path, command: str) -> None:
    http = FakeHttp()
    refused = ended(root, http, f"{command} --timeout 0s")
    assert refused.exit_code == ExitCode.USAGE
    assert "--timeout: expected more than 0" in refused.message
    assert http.requests == []
