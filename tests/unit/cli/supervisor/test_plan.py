"""Plans: what is started, in which order it stops, what makes a running service stale."""

from pathlib import Path

import pytest

from wattos_cli.config.loading import load
from wattos_cli.errors import WattosError
from wattos_cli.supervisor import flags, platform_plan, simulated
from wattos_cli.supervisor.invocation import Invocation
from wattos_cli.supervisor.plan import Edge, Plan, ServicePlan, differences, stop_waves
from wattos_cli.supervisor.platform_plan import Wanted
from wattos_cli.supervisor.scrape.settings import ScrapeSettings


def service(name: str, *needs: str) -> ServicePlan:
    return ServicePlan(name, "own", depends_on=tuple(Edge(need, critical=True) for need in needs))


def test_stop_waves_users_before_what_they_use() -> None:
    services = [service("db"), service("api", "db"), service("web", "api"), service("job", "db")]
    assert stop_waves(services) == [["web", "job"], ["api"], ["db"]]


def test_stop_waves_end_for_a_circle() -> None:
    assert stop_waves([service("a", "b"), service("b", "a")]) == [["a", "b"]]


def test_plan_survives_json() -> None:
    plan = Plan((service("a", "b"), service("b")), {"X": "1"}, port_offset=100, digests={"X": "d"})
    assert Plan.from_json(plan.to_json()) == plan


def test_default_plan_has_the_default_services_in_order(tmp_path: Path) -> None:
    plan = platform_plan.build(load(tmp_path, {}), Wanted(port_offset=200))
    assert [s.name for s in plan.services] == ["llm-gateway", "rag", "chat", "agent", "gateway"]
    gateway = plan.service("gateway")
    assert gateway is not None
    assert gateway.port == 3201
    assert plan.api_port == 3280


def test_named_service_brings_its_dependencies(tmp_path: Path) -> None:
    plan = platform_plan.build(load(tmp_path, {}), Wanted(services=("chat",)))
    assert [s.name for s in plan.services] == ["llm-gateway", "rag", "chat"]


def test_simulator_comes_with_its_name(tmp_path: Path) -> None:
    plan = platform_plan.build(load(tmp_path, {}), Wanted(also=("simulator",)))
    assert plan.service("simulator") is not None


def test_what_cannot_be_started_is_named_with_what_can(tmp_path: Path) -> None:
    with pytest.raises(WattosError, match="postgres") as raised:
        platform_plan.build(load(tmp_path, {}), Wanted(also=("postgres",)))
    assert "simulator" in raised.value.hint


def test_digests_change_with_settings_and_hide_their_values(tmp_path: Path) -> None:
    def digests(**environ: str) -> dict[str, str]:
        return dict(platform_plan.build(load(tmp_path, environ), Wanted()).digests)

    plain = digests(LOG_LEVEL="info", SHELL="zsh")
    assert differences(plain, digests(LOG_LEVEL="debug", SHELL="fish")) == ["LOG_LEVEL"]
    secret = digests(OPENAI_API_KEY="sk-very-secret")
    assert "sk-very-secret" not in str(secret)


@pytest.mark.parametrize(("offset", "same"), [(0, True), (100, False)])
def test_what_env_prints_does_not_turn_the_platform_on_itself(
    tmp_path: Path, offset: int, same: bool
) -> None:
    printed = {
        "OPENAI_BASE_URL": "http://127.0.0.1:3001/v1",
        "OPENAI_API_KEY": "wk_1",
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:3001",
        "ANTHROPIC_API_KEY": "wk_1",
    }
    wanted = Wanted(port_offset=offset)
    plain = platform_plan.build(load(tmp_path, {}), wanted)
    plan = platform_plan.build(load(tmp_path, printed), wanted)
    assert (differences(plain.digests, plan.digests) == []) is same
    assert (printed.keys() & plan.environ.keys() == set()) is same


@pytest.mark.parametrize("text", ["chat", "chat=", "chat=x", "=3", "chat=-1", "chat=0", "chat=65"])
def test_wrong_numbers_are_refused(text: str) -> None:
    with pytest.raises(WattosError) as raised:
        flags.numbers([text], "--scale", 1, 64)
    assert raised.value.exit_code == 2


def test_numbers_and_names_take_commas() -> None:
    assert flags.numbers(["chat=2,rag=3", "agent=1"], "--scale", 1, 64) == {"chat": 2, "rag": 3, "agent": 1}
    assert flags.names(["simulator, redis", "redis"]) == ("simulator", "redis")


@pytest.mark.parametrize(("text", "expected"), [("0", 0), ("300", 300), ("auto", None)])
def test_offset(text: str, expected: int | None) -> None:
    assert flags.offset(text) == expected


@pytest.mark.parametrize("text", ["50", "-100", "abc", "99900"])
def test_wrong_offset(text: str) -> None:
    with pytest.raises(WattosError):
        flags.offset(text)


def test_with_the_simulator_every_named_provider_is_the_simulator(tmp_path: Path) -> None:
    environ = {"OPENAI_API_KEY": "sk-real", "WATTOS_LLM_PROVIDERS": "openai,ollama,local"}
    plan = platform_plan.build(load(tmp_path, environ), Wanted(also=("simulator",), port_offset=100))
    providers = plan.service_config["llm"]["provider"]
    assert {name: details["base_url"] for name, details in providers.items()} == {
        "openai": "http://127.0.0.1:3195/v1",
        "ollama": "http://127.0.0.1:3195",
    }
    assert providers["openai"]["api_key_env"] == "WATTOS_SIMULATED_API_KEY"
    assert plan.environ["WATTOS_SIMULATED_API_KEY"] == "key-of-the-simulator"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("openai", "/v1"),
        ("azure", ""),
        ("anthropic", ""),
        ("google", ""),
        ("ollama", ""),
        ("house", "/as/house/v1"),
    ],
)
def test_a_simulated_address_is_what_the_clients_of_that_api_take(name: str, path: str) -> None:
    found = simulated.service_config({"llm": {"providers": [name, "local"]}}, "http://s")["llm"]["provider"]
    assert found == {name: {"base_url": f"http://s{path}", "api_key_env": "WATTOS_SIMULATED_API_KEY"}}


@pytest.mark.parametrize(
    ("kind", "address"), [("anthropic", "/as/second"), ("openai", "/as/second/v1"), ("ollama", "/as/second")]
)
def test_a_second_provider_of_a_kind_is_simulated_under_its_own_name(kind: str, address: str) -> None:
    config = {"llm": {"providers": ["second"], "provider": {"second": {"kind": kind}}}}
    found = simulated.service_config(config, "http://s")["llm"]["provider"]["second"]
    assert found["base_url"] == f"http://s{address}"


def test_a_provider_without_an_address_starts_only_beside_the_simulator(tmp_path: Path) -> None:
    config = load(tmp_path, {"WATTOS_LLM_PROVIDERS": "azure"})
    with pytest.raises(WattosError, match="azure is named") as raised:
        platform_plan.build(config, Wanted())
    assert raised.value.exit_code == 3
    assert "AZURE_OPENAI_ENDPOINT" in raised.value.hint
    plan = platform_plan.build(config, Wanted(also=("simulator",)))
    assert plan.service_config["llm"]["provider"]["azure"]["base_url"].startswith("http://127.0.0.1")


def test_without_a_named_provider_the_simulator_gets_no_traffic(tmp_path: Path) -> None:
    plan = platform_plan.build(load(tmp_path, {}), Wanted(also=("simulator",)))
    assert plan.service_config["llm"]["provider"] == {}


@pytest.mark.parametrize(
    "service",
    [
        'url = "https://example.org/health"',
        'url = "http://127.0.0.1:9"\nhealth = "https://example.org/h"',
        'url = "http://127.0.0.1:9"\nmetrics = "https://example.org/metrics"',
    ],
    ids=["address", "health", "metrics"],
)
def test_foreign_urls_decide_about_tls(tmp_path: Path, service: str) -> None:
    (tmp_path / "wattos.toml").write_text(f"[services.far]\n{service}\n")
    plan = platform_plan.build(load(tmp_path, {}), Wanted())
    assert platform_plan.needs(plan, tmp_path, forks=True).tls
    assert platform_plan.needs(plan, tmp_path, forks=False).preload == ()


def test_how_metrics_are_kept_is_part_of_the_plan_and_no_service_sees_it(tmp_path: Path) -> None:
    (tmp_path / "wattos.toml").write_text(
        '[metrics]\nscrape_interval = "30s"\nretention = "2h"\nmax_size_mb = 5\n'
    )
    plan = platform_plan.build(load(tmp_path, {"WATTOS_SCRAPE_INTERVAL": "1500ms"}), Wanted())
    assert ScrapeSettings.from_json(plan.metrics) == ScrapeSettings(
        enabled=True, interval_s=1.5, retention_s=7200.0, max_size_mb=5
    )
    assert Plan.from_json(plan.to_json()).metrics == plan.metrics
    assert "WATTOS_SCRAPE_INTERVAL" not in plan.environ
    assert "WATTOS_SCRAPE_INTERVAL" not in plan.digests


@pytest.mark.parametrize(
    ("environ", "also", "expected"),
    [({}, (), False), ({"REDIS_URL": "redis://h"}, (), True), ({}, ("redis",), True)],
    ids=["none", "elsewhere", "component"],
)
def test_redis_is_preloaded_when_services_are_given_one(
    tmp_path: Path, environ: dict[str, str], also: tuple[str, ...], expected: bool
) -> None:
    plan = platform_plan.build(load(tmp_path, environ), Wanted(also=also))
    needs = platform_plan.needs(plan, tmp_path, forks=True)
    assert needs.redis is expected
    assert Invocation.parse(Invocation(tmp_path, tmp_path, needs).to_argv()).needs == needs


def test_a_url_that_cannot_be_asked_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "wattos.toml").write_text('[services.far]\nurl = "ftp://example.org"\n')
    with pytest.raises(WattosError) as raised:
        platform_plan.build(load(tmp_path, {}), Wanted())
    assert raised.value.exit_code == 3
