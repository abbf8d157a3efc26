"""The SLO file: what it promises, and what is said of one that is wrong."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_cli.alerting.sli import Indicator
from wattos_cli.alerting.slo import SloBook, bundled_slos, load_slos, parse_slos
from wattos_cli.errors import ExitCode, WattosError
from wattos_platform import catalog

HEAD = "schema: wattos.slo/v1\n"
ONE = HEAD + "slos:\n  - {name: a, service: chat, indicator: latency, threshold: 1s, objective: 99%}\n"
OPENSLO = """apiVersion: openslo/v1
kind: SLO
metadata: {name: chat-good}
spec:
  service: chat
  indicator:
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: 'a_total{x="y"}'}}}
        total: {metricSource: {type: Prometheus, spec: {query: b_total}}}
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{targetPercent: 99.5}, {target: 0.9}]
"""


REFERRED = """apiVersion: openslo/v1
kind: SLO
metadata: {name: mine}
spec: {service: chat, indicatorRef: good, objectives: [{target: 0.99}]}
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: good}
spec:
  ratioMetric:
    counter: true
    bad: {metricSource: {spec: {query: bad_total}}}
    total: {metricSource: {spec: {query: all_total}}}
---
apiVersion: openslo/v1
kind: Service
metadata: {name: chat}
spec: {}
"""


def refused(text: str) -> list[str]:
    with pytest.raises(WattosError) as caught:
        parse_slos("slo.yaml", text)
    assert caught.value.exit_code == ExitCode.CONFIG
    assert "wattos alerts check" in caught.value.hint
    return [f"{each['where']}: {each['message']}" for each in caught.value.details["problems"]]


def test_the_bundled_file_promises_availability_and_latency_of_every_default_service() -> None:
    book = bundled_slos()
    for service in catalog.SERVICES:
        promised = [book.of(service.name, kind) for kind in (Indicator.AVAILABILITY, Indicator.LATENCY)]
        assert all(promised) is service.default, service.name
    assert book.of("llm-gateway", Indicator.TIME_TO_FIRST_TOKEN)
    assert book.thresholds == SloBook().thresholds, "the file writes the defaults out"


def test_an_objective_in_its_own_words() -> None:
    (slo,) = parse_slos("slo.yaml", ONE).slos
    assert (slo.name, slo.service, slo.objective, slo.threshold_s) == ("a", "chat", 0.99, 1.0)
    assert slo.budget == 0.01
    assert slo.window_s == 30 * 86400
    assert 'le="1.0"' in slo.sli.counted


def test_an_objective_of_openslo() -> None:
    first, second = parse_slos("slo.yaml", OPENSLO).slos
    assert (first.name, first.objective, second.name, second.objective) == (
        "chat-good-1",
        0.995,
        "chat-good-2",
        0.9,
    )
    assert first.window_s == 28 * 86400
    assert first.sli.error_ratio("5m") == (
        '1 - (sum(rate(a_total{x="y"}[5m])) or 0 * sum(rate(b_total[5m]))) / sum(rate(b_total[5m]))'
    )


def test_an_indicator_may_stand_in_a_document_of_its_own() -> None:
    (slo,) = parse_slos("slo.yaml", REFERRED).slos
    assert (slo.name, slo.sli.counted, slo.sli.bad) == ("mine", "bad_total", True)


def test_one_file_may_hold_both() -> None:
    assert [slo.name for slo in parse_slos("x", ONE + "---\n" + OPENSLO).slos] == [
        "a",
        "chat-good-1",
        "chat-good-2",
    ]


def test_a_service_of_ones_own_may_promise_something() -> None:
    text = ONE.replace("chat", "billing")
    assert refused(text)
    assert parse_slos("slo.yaml", text, {"billing"}).slos[0].service == "billing"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("slos: [", "slo.yaml:1:8: expected the node content", id="no YAML"),
        pytest.param("", "slo.yaml:1:1: is empty; expected `schema: wattos.slo/v1`", id="empty"),
        pytest.param("# none\n", "slo.yaml:1:1: is empty", id="a comment"),
        pytest.param("[]", "slo.yaml:1:1: expected `schema: wattos.slo/v1`", id="a list"),
        pytest.param("slos: []", "slo.yaml:1:1: schema is missing.", id="no schema"),
        pytest.param(HEAD + "slo: []", "slo.yaml:2:1: unknown key 'slo'. Did you mean 'slos'?", id="key"),
        pytest.param(
            ONE.replace("threshold", "treshold"),
            "slo.yaml:3:50: unknown key 'treshold'. Did you mean 'threshold'?",
            id="nested key",
        ),
        pytest.param(
            HEAD + "thresholds: {error_rat: 5%}",
            "slo.yaml:2:14: unknown key 'error_rat'. Did you mean 'error_rate'?",
            id="unknown threshold",
        ),
        pytest.param(
            ONE.replace("99%", "99"), "slos.0.objective: expected a share between 0% and 100%", id="share"
        ),
        pytest.param(ONE.replace("99%", "a lot"), "expected a share like 99.5% or 0.995", id="no share"),
        pytest.param(
            ONE.replace("1s", "1.2s"),
            "slo.yaml:3:50: a: expected a bound that http_request_duration_seconds has a bucket for: 0.005s,",
            id="no bucket",
        ),
        pytest.param(ONE.replace("1s", "soon"), "expected a duration like 500ms", id="no duration"),
        pytest.param(
            ONE.replace("chat", "caht"),
            "slo.yaml:3:15: a: there is no service 'caht'. Did you mean 'chat'?",
            id="service",
        ),
        pytest.param(ONE.replace("latency", "availability"), "availability has no threshold", id="threshold"),
        pytest.param(ONE.replace("name: a", "name: A b"), "slos.0.name: string should match", id="name"),
        pytest.param(
            ONE.replace("99%", "99%, routes: '['"), "slos.0.routes: no regular expression", id="routes"
        ),
        pytest.param(
            ONE.replace("99%", "99%, routes: '(?=/api).*'"),
            "slos.0.routes: no regular expression of Prometheus: (? is not supported",
            id="routes that only Python reads",
        ),
        pytest.param(ONE.replace("99%", "99%, window: 1ms"), "a window from 1h to 366d", id="short window"),
        pytest.param(ONE.replace("99%", "99%, window: 9999999999d"), "from 1h to 366d", id="long window"),
        pytest.param(
            HEAD + "thresholds: {llm_cost_per_hour_usd: .inf}", "should be a finite number", id="no bound"
        ),
        pytest.param(ONE + ONE.partition("slos:\n")[2], "two objectives are called 'a'", id="twice"),
        pytest.param(HEAD + "slos: []\nslos: []", "slo.yaml:3:1: 'slos' is given twice", id="key twice"),
        pytest.param(HEAD + "slos: &x []\nthresholds: *x", "aliases (*name) are not read", id="alias"),
        pytest.param(HEAD + "slos: " + "[" * 60 + "]" * 60, "levels deep", id="deep"),
        pytest.param(HEAD + "# " + "x" * 300_000, "larger than 256 KiB", id="large"),
        pytest.param("!!python/object:os.system x", "could not determine a constructor", id="object"),
        pytest.param("a: \x00", "slo.yaml:1:1: unacceptable character", id="control"),
        pytest.param(OPENSLO.replace("/v1", "/v2"), "apiVersion: input should be 'openslo/v1'", id="v2"),
        pytest.param(OPENSLO.replace("kind: SLO", "kind: SLA"), "there is no kind 'SLA'.", id="kind"),
        pytest.param(OPENSLO.replace("isRolling: true", "isRolling: false"), "isRolling: ", id="calendar"),
        pytest.param(REFERRED.replace("Ref: good", "Ref: goed"), "Did you mean 'good'?", id="ref"),
        pytest.param(REFERRED.replace("indicatorRef: good", "a: b"), "name one: indicatorRef", id="no sli"),
        pytest.param(OPENSLO.replace("Occurrences", "Timeslices"), "should be 'Occurrences'", id="method"),
        pytest.param(OPENSLO.replace("ratioMetric", "thresholdMetric"), "only ratios of counters", id="sli"),
        pytest.param(OPENSLO.replace("b_total", "'rate(b_total[5m])'"), "rate and sum are added", id="query"),
        pytest.param(OPENSLO.replace("b_total", "'b_total{'"), "no PromQL", id="broken query"),
        pytest.param(OPENSLO.replace("{target: 0.9}", "{}"), "give either target", id="no target"),
        pytest.param(OPENSLO.replace("service: chat", "service: caht"), "Did you mean 'chat'?", id="theirs"),
        pytest.param(OPENSLO.replace("good:", "other:"), "give either good or bad", id="no good"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, said: str) -> None:
    assert any(said in each for each in refused(text)), refused(text)


def test_all_mistakes_are_told_at_once() -> None:
    assert len(refused(ONE.replace("1s", "1.2s").replace("chat", "caht"))) == 2


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.yaml", tmp_path):
        with pytest.raises(WattosError, match=f"cannot read {path}") as caught:
            load_slos(path)
        assert caught.value.exit_code == ExitCode.CONFIG
    path = tmp_path / "slo.yaml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(WattosError, match="not UTF-8"):
        load_slos(path)


@given(st.text(max_size=200))
def test_any_text_is_an_objective_or_a_clear_error(text: str) -> None:
    try:
        parse_slos("slo.yaml", text)
    except WattosError as error:
        assert error.exit_code == ExitCode.CONFIG  # noqa: PT017 - either outcome is right
