"""Components in a plan: where they run, what services get from them, what cannot be."""

from pathlib import Path

import pytest

from wattos_cli.config.loading import load
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.project import Project
from wattos_cli.supervisor import platform_plan
from wattos_cli.supervisor.components import planning, redis
from wattos_cli.supervisor.plan import Edge, Plan, ServicePlan, differences, stop_waves
from wattos_cli.supervisor.platform_plan import Wanted

PASSWORD = "p4ss-w0rd_of-redis"
URL = f"redis://:{PASSWORD}@127.0.0.1:3279/0"


def plan(root: Path, toml: str = "", also: tuple[str, ...] = ("redis",), **environ: str) -> Plan:
    (root / "wattos.toml").write_text(toml)
    wanted = Wanted(also=also, port_offset=200, passwords={"redis": PASSWORD})
    return platform_plan.build(load(root, environ), wanted)


def component(whole: Plan) -> ServicePlan:
    found = whole.service("redis")
    assert found is not None
    return found


def test_redis_runs_on_its_port_with_its_folder_and_file(tmp_path: Path) -> None:
    found = component(plan(tmp_path))
    config_file = str(tmp_path / ".wattos/run/redis.conf")
    assert (found.kind, found.port, found.url) == ("component", 3279, "redis://127.0.0.1:3279")
    assert (found.command, found.cwd) == (
        ("redis-server", config_file),
        str(tmp_path / ".wattos/data/redis"),
    )


def test_redis_starts_first_and_stops_last_and_nothing_must_have_it(tmp_path: Path) -> None:
    services = plan(tmp_path, '[services.shop]\ncommand = ["true"]\n').services
    assert services[0].name == "redis"
    assert all(Edge("redis", critical=False) in each.depends_on for each in services[1:])
    assert stop_waves(services)[-1] == ["redis"]


def test_services_get_the_url_and_one_that_ran_without_is_stale(tmp_path: Path) -> None:
    beside, without = plan(tmp_path), plan(tmp_path, also=())
    assert beside.environ["REDIS_URL"] == URL
    assert "REDIS_URL" not in without.environ
    assert differences(without.digests, beside.digests) == ["REDIS_URL"]


def test_the_password_is_in_no_argument_digest_or_representation(tmp_path: Path) -> None:
    whole = plan(tmp_path)
    found = component(whole)
    assert PASSWORD in found.configuration["redis.conf"]
    for shown in (
        repr(found),
        found.command,
        found.url,
        whole.digests,
        repr(Wanted(passwords={"r": PASSWORD})),
    ):
        assert PASSWORD not in str(shown)


def test_the_plan_of_a_component_survives_json(tmp_path: Path) -> None:
    whole = plan(tmp_path)
    assert Plan.from_json(whole.to_json()) == whole


@pytest.mark.parametrize(
    ("toml", "environ", "origin"),
    [
        ("", {"REDIS_URL": "redis://elsewhere"}, "env REDIS_URL"),
        ("", {"WATTOS_REDIS_URL": "redis://elsewhere"}, "env WATTOS_REDIS_URL"),
        ('[settings]\nredis_url = "redis://elsewhere"', {}, "wattos.toml:2:"),
    ],
)
def test_a_server_of_the_user_s_and_ours_are_one_too_many(
    tmp_path: Path, toml: str, environ: dict[str, str], origin: str
) -> None:
    with pytest.raises(WattosError) as raised:
        plan(tmp_path, toml, **environ)
    assert raised.value.exit_code == ExitCode.CONFIG
    assert f"REDIS_URL ({origin}" in raised.value.message.replace(str(tmp_path) + "/", "")
    assert "--with redis" in raised.value.message
    assert "elsewhere" not in raised.value.message


def test_our_own_url_in_the_environment_is_no_second_server(tmp_path: Path) -> None:
    assert plan(tmp_path, REDIS_URL=URL).environ["REDIS_URL"] == URL


def test_a_component_is_never_scaled(tmp_path: Path) -> None:
    with pytest.raises(WattosError, match="redis runs once") as raised:
        platform_plan.build(load(tmp_path, {}), Wanted(also=("redis",), scale={"redis": 2}))
    assert raised.value.exit_code == ExitCode.USAGE


def test_a_service_of_the_user_s_that_is_called_redis_is_what_the_name_means(tmp_path: Path) -> None:
    whole = plan(tmp_path, '[services.redis]\ncommand = ["true"]\nport = 3079\n')
    assert component(whole).kind == "own"
    assert "REDIS_URL" not in whole.environ


def test_a_port_of_redis_is_set_like_any_other_and_taken_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "wattos.toml").write_text("[ports]\nredis = 4000\n")
    config = load(tmp_path, {})
    found = component(platform_plan.build(config, Wanted(also=("redis",), ports=config.ports)))
    assert found.port == 4000
    assert platform_plan.default_ports(load(tmp_path / "other", {}))["redis"] == 3079
    (tmp_path / "wattos.toml").write_text('[services.shop]\ncommand = ["true"]\nport = 3079\n')
    with pytest.raises(WattosError, match="3079 is also the port of redis"):
        load(tmp_path, {})


def test_a_program_that_is_missing_is_named_with_what_installs_it(tmp_path: Path) -> None:
    services = plan(tmp_path).services
    with pytest.raises(WattosError, match="redis-server") as raised:
        planning.require_programs(services, {"PATH": str(tmp_path)})
    assert (raised.value.exit_code, "apt-get install redis-server" in raised.value.hint) == (
        ExitCode.NO,
        True,
    )
    program = tmp_path / "redis-server"
    program.write_text("")
    program.chmod(0o755)
    planning.require_programs(services, {"PATH": str(tmp_path)})


def test_redis_listens_on_loopback_with_a_password_and_keeps_every_write() -> None:
    lines = redis.configuration(3079, PASSWORD, Project(Path("/p")).data_dir).splitlines()
    for line in ("bind 127.0.0.1", "port 3079", f'requirepass "{PASSWORD}"', 'dir "/p/.wattos/data"'):
        assert line in lines
    assert "appendonly yes" in lines


def test_a_folder_s_name_cannot_add_a_directive() -> None:
    text = redis.configuration(1, "x", Path('/a "b"\\c\nport 2'))
    assert 'dir "/a \\"b\\"\\\\c\\nport 2"' in text.splitlines()
