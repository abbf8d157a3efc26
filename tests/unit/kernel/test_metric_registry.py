"""The registry against the code that counts: closed lists hold every value that can occur."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import get_args

import pytest

import wattos_platform
from wattos_platform.catalog import SERVICES
from wattos_platform.contracts.error_types import ERROR_TYPES
from wattos_platform.contracts.metrics import FAMILIES, OTEL_GENAI, families_of
from wattos_platform.contracts.search import Retrieval, SearchMode
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.exchange import error_type
from wattos_platform.kernel.hops.errors import HopUnavailable
from wattos_platform.kernel.resilience.breaker_types import Cause, State
from wattos_platform.kernel.resilience.concurrency import Shed
from wattos_platform.services.agent.domain.records import RunStatus, StepKind
from wattos_platform.services.chat.domain.records import MessageStatus
from wattos_platform.services.llm_gateway import accounting
from wattos_platform.services.llm_gateway.accounting import Outcome
from wattos_platform.services.llm_gateway.domain.failures import Kind, ProviderFailure

BY_NAME = {family.name: family for family in FAMILIES}
CALLERS_OWN = {
    "tenant",
    "tenant_id",
    "user",
    "user_id",
    "key",
    "ip",
    "request_id",
    "trace_id",
    "path",
    "message",
}


def values(family: str, label: str) -> set[str]:
    return next(set(each.values) for each in BY_NAME[family].label_set if each.name == label)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_label_is_bounded_and_none_holds_what_callers_choose(family) -> None:
    for label in family.label_set:
        assert label.values or label.bounded_by, label.name
        assert label.name not in CALLERS_OWN


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(FAMILIES)


@pytest.mark.parametrize(
    ("service", "most"), [(each.name, 43 if each.name == "llm-gateway" else 38) for each in SERVICES]
)
def test_a_service_exposes_few_families(service, most) -> None:
    assert len(families_of(service)) <= most


def test_switched_families_exist_only_where_the_switch_is_on() -> None:
    plain, on = families_of("llm-gateway"), families_of("llm-gateway", {OTEL_GENAI})
    assert {family.name for family in on} - {family.name for family in plain} == {
        "gen_ai_client_token_usage",
        "gen_ai_client_operation_duration_seconds",
        "gen_ai_server_time_to_first_token_seconds",
        "gen_ai_server_time_per_output_token_seconds",
    }
    assert not any(family.switch for family in families_of("chat", {OTEL_GENAI}))


@pytest.mark.parametrize("status", range(100, 600))
def test_every_status_has_an_error_type_of_the_closed_list(status) -> None:
    assert error_type(status) in {"", *ERROR_TYPES}
    assert bool(error_type(status)) == (status >= 400)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_failure_of_a_provider_has_one(kind) -> None:
    assert ProviderFailure(kind, "It failed.").error_type in ERROR_TYPES


@pytest.mark.parametrize(
    "fault",
    [
        Shed("hop:rag").error_type,
        HopUnavailable("rag", "overloaded", 1.0).error_type,
        HopUnavailable("rag", "refused").error_type,
        error_type(200, gone=True),
        *(each.error_type for each in vars(accounting).values() if isinstance(each, Outcome)),
    ],
)
def test_every_other_fault_has_one(fault) -> None:
    assert fault in {"", *ERROR_TYPES}


def test_every_kind_of_error_that_services_raise_has_one() -> None:
    for module in walk_packages(wattos_platform.__path__, "wattos_platform."):
        if ".migrations." not in module.name and not module.name.endswith(("__main__", "_main")):
            import_module(module.name)
    raised = list(subclasses(ServiceError))
    assert {"Shed", "HopUnavailable", "HopError"} <= {each.__name__ for each in raised}
    assert {each.error_type for each in raised} <= {"", *ERROR_TYPES}


def subclasses(kind: type[ServiceError]) -> Iterator[type[ServiceError]]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


@pytest.mark.parametrize(
    ("family", "label", "possible"),
    [
        ("circuit_breaker_state", "state", set(State)),
        ("circuit_breaker_transitions_total", "from", set(State)),
        ("circuit_breaker_transitions_total", "to", set(State)),
        ("circuit_breaker_transitions_total", "cause", set(Cause)),
        ("agent_steps_total", "kind", set(StepKind)),
        ("agent_runs_total", "status", {each for each in RunStatus if each.is_final}),
        ("chat_messages_total", "outcome", set(MessageStatus) - {MessageStatus.ANSWERING}),
        ("rag_searches_total", "mode", set(get_args(SearchMode))),
        ("rag_search_duration_seconds", "retrieval", set(get_args(Retrieval))),
        (
            "llm_calls_total",
            "outcome",
            {each.name for each in vars(accounting).values() if isinstance(each, Outcome)} | {"error"},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_closed_list_of_a_label_is_what_code_can_say(family, label, possible) -> None:
    assert values(family, label) == {str(each) for each in possible}
