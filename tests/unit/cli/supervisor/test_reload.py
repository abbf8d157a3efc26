"""What each replica was started with or has reloaded, and what a fresh start would make different."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from wattos_cli.config.loading import load
from wattos_cli.supervisor import platform_plan
from wattos_cli.supervisor.children import Child
from wattos_cli.supervisor.plan import Plan, ServicePlan, with_tables
from wattos_cli.supervisor.platform_plan import Wanted
from wattos_cli.supervisor.replica import Replica
from wattos_cli.supervisor.replica_host import State
from wattos_cli.supervisor.replica_probe import ReplicaProbe
from wattos_cli.supervisor.restart_policy import RestartPolicy, RestartSettings
from wattos_cli.supervisor.running_service import RunningService
from wattos_cli.supervisor.thresholds import ProbeSettings

OLD = {"LOG_LEVEL": "a", "[llm]": "a", "[limits]": "a"}
NEW = {"LOG_LEVEL": "b", "[llm]": "b", "[limits]": "b", "REDIS_URL": "b"}


class Nobody:
    """A host in which nothing is ever started."""

    probes = ProbeSettings()
    drain_s = 1.0

    async def prepare(self, plan: ServicePlan) -> None:
        raise AssertionError(plan.name)

    async def spawn(self, plan: ServicePlan, number: int) -> Child:
        raise AssertionError(f"{plan.name}-{number}")

    def tidy(self) -> None:
        """Nothing to tidy."""

    def gave_up(self, plan: ServicePlan) -> None:
        raise AssertionError(plan.name)


def replica(plan: ServicePlan, number: int, *, alive: bool) -> Replica:
    exited = asyncio.get_running_loop().create_future()
    return Replica(
        plan,
        number,
        host=Nobody(),
        policy=RestartPolicy(RestartSettings(), lambda: 0.0, Random(1)),
        replica_probe=ReplicaProbe(plan, None, 1.0),
        log_file=Path("/nowhere"),
        ops_socket=None,
        changed=lambda _replica: None,
        child=Child(1, 1, exited) if alive else None,
    )


def service(name: str, *digests: Mapping[str, str] | None) -> RunningService:
    """A running service; each replica was started with its digests, None for one without a process."""
    plan = ServicePlan(name, "bundled", port=3000)
    replicas = [replica(plan, number, alive=given is not None) for number, given in enumerate(digests)]
    return RunningService(plan, replicas, {n: given for n, given in enumerate(digests) if given is not None})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("llm-gateway", ["LOG_LEVEL", "REDIS_URL", "[limits]", "[llm]"]),
        ("gateway", ["LOG_LEVEL", "REDIS_URL", "[limits]"]),
        ("chat", ["LOG_LEVEL", "REDIS_URL"]),
    ],
)
async def test_a_service_is_outdated_by_what_it_reads(name: str, expected: list[str]) -> None:
    running = service(name, OLD)
    assert running.outdated(running.plan, NEW) == expected
    assert running.outdated(running.plan, OLD) == []


async def test_one_old_replica_makes_the_service_outdated() -> None:
    assert service("chat", NEW, OLD).outdated(ServicePlan("chat", "bundled", port=3000), NEW) == [
        "LOG_LEVEL",
        "REDIS_URL",
    ]


async def test_one_without_a_process_is_not_outdated() -> None:
    running = service("chat", NEW, None)
    assert running.outdated(running.plan, NEW) == []


async def test_reloaded_tables_are_outdated_no_more_and_variables_still_are() -> None:
    running = service("llm-gateway", OLD, OLD)
    running.reloaded([0, 1], NEW)
    assert running.outdated(running.plan, NEW) == ["LOG_LEVEL", "REDIS_URL"]
    partly = service("llm-gateway", NEW, OLD)
    partly.reloaded([0], NEW)
    assert "[limits]" in partly.outdated(partly.plan, NEW), "the other one did not reload"


async def test_what_of_a_definition_differs_is_named_as_in_the_file() -> None:
    running = service("chat", OLD)
    wanted = replace(running.plan, port=4000, environ={"A": "b"}, replicas=3)
    assert running.outdated(wanted, OLD) == ["port", "env"]


def test_a_table_that_was_removed_is_in_force_no_more() -> None:
    assert with_tables(OLD, {"[llm]": "c", "OTHER": "c"}) == {"LOG_LEVEL": "a", "[llm]": "c"}


def test_a_plan_takes_over_only_the_configuration_of_another() -> None:
    old = Plan((ServicePlan("chat", "bundled"),), {"A": "1"}, 100, digests=OLD, service_config={"llm": 1})
    new = Plan((), {"A": "2"}, 200, digests=NEW, service_config={"llm": 2})
    assert old.with_config_of(new) == replace(
        old, service_config={"llm": 2}, digests={"LOG_LEVEL": "a", "[llm]": "b", "[limits]": "b"}
    )


def test_the_key_of_a_provider_of_ones_own_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "wattos.toml").write_text(
        '[llm]\nproviders = ["house"]\n'
        '[llm.provider.house]\nbase_url = "http://h/v1"\napi_key_env = "HOUSE_KEY"\n'
    )
    digests = platform_plan.build(load(tmp_path, {"HOUSE_KEY": "x", "OTHER_KEY": "x"}), Wanted()).digests
    assert {"HOUSE_KEY", "OTHER_KEY"} & set(digests) == {"HOUSE_KEY"}


@pytest.mark.parametrize(
    ("name", "content", "state", "expected"),
    [
        pytest.param("prometheus", "new", State.READY, True, id="changed"),
        pytest.param("prometheus", "old", State.READY, False, id="unchanged"),
        pytest.param("prometheus", "new", State.STARTING, False, id="just-starting"),
        pytest.param("redis", "new", State.READY, False, id="cannot"),
    ],
)
async def test_who_is_told_to_read_its_files_again(
    name: str, content: str, state: State, expected: bool
) -> None:
    plan = ServicePlan(name, "component", configuration={"a.yml": "old"})
    running = RunningService(plan, [replica(plan, 0, alive=False)])
    running.replicas[0].state = state
    wanted = replace(plan, configuration={"a.yml": content})
    assert running.rereads(wanted) is expected
    running.take(wanted.configuration)
    assert (running.plan, running.replicas[0].plan) == (wanted, wanted)
    assert running.outdated(wanted, {}) == []
