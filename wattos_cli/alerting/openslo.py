"""OpenSLO v1 documents of the kind SLO that are a ratio of two counters. Source: openslo.com, README."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from promql_parser import VectorSelector, parse
from pydantic import BaseModel, ValidationError

from wattos_cli.alerting.openslo_schema import ObjectiveForm, Ratio, SliDocument, SloDocument, SpecForm
from wattos_cli.alerting.sli import Indicator, Sli
from wattos_cli.alerting.slo import Slo
from wattos_cli.alerting.yamltext import Path, YamlDocument
from wattos_cli.config.forms import reason_of
from wattos_cli.config.problems import Problem, suggestion

_WEEK_S = 7 * 86400.0
_PER_CENT = 100.0
_KINDS = frozenset(
    {"SLO", "SLI", "Service", "DataSource", "AlertPolicy", "AlertCondition", "AlertNotificationTarget"}
)

FormT = TypeVar("FormT", bound=BaseModel)


def is_one(value: Any) -> bool:
    """Return whether a document calls itself OpenSLO's."""
    return isinstance(value, dict) and str(value.get("apiVersion", "")).startswith("openslo/")


def objectives(
    documents: Sequence[YamlDocument], known: Collection[str], problems: list[Problem]
) -> list[Slo]:
    """Return one objective per target of the SLOs in `documents`; mistakes are added to `problems`.

    An SLO has its indicator in itself or names a document of the kind SLI. Documents of other kinds are for
    other programs.
    """
    indicators: dict[str, Sli | None] = {}
    slos: list[Slo] = []
    for document in documents:
        kind = document.value.get("kind")
        if kind not in _KINDS:
            reason = f"kind: there is no kind {kind!r}.{suggestion(str(kind), _KINDS)}"
            problems.append(Problem(document.where(("kind",)), reason))
        if kind == "SLI":
            found = _validated(SliDocument, document, problems)
            if found:
                sli = _sli(document, ("spec", "ratioMetric"), found.spec.ratio, problems)
                indicators[found.metadata.name] = sli
    for document in documents:
        if document.value.get("kind") == "SLO":
            form = _validated(SloDocument, document, problems)
            slos += _of(document, form, indicators, known, problems) if form else []
    return slos


def _validated(model: type[FormT], document: YamlDocument, problems: list[Problem]) -> FormT | None:
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        problems += [_problem(document, each) for each in error.errors()]
        return None


def _of(
    document: YamlDocument,
    form: SloDocument,
    indicators: Mapping[str, Sli | None],
    known: Collection[str],
    problems: list[Problem],
) -> list[Slo]:
    spec, before = form.spec, len(problems)
    if spec.service not in known:
        reason = f"there is no service {spec.service!r}.{suggestion(spec.service, known)}"
        problems.append(Problem(document.where(("spec", "service")), reason))
    sli = _indicator(document, spec, indicators, problems)
    targets = [_target(document, index, each, problems) for index, each in enumerate(spec.objectives)]
    if sli is None or len(problems) > before:
        return []
    window_s = spec.windows[0].duration if spec.windows else 4 * _WEEK_S
    name = form.metadata.name
    return [
        Slo(
            name if len(targets) == 1 else f"{name}-{number}",
            spec.service,
            Indicator.CUSTOM,
            target,
            sli,
            window_s,
            description=spec.description,
        )
        for number, target in enumerate(targets, start=1)
    ]


def _indicator(
    document: YamlDocument, spec: SpecForm, indicators: Mapping[str, Sli | None], problems: list[Problem]
) -> Sli | None:
    if spec.indicator is not None:
        place = ("spec", "indicator", "spec", "ratioMetric")
        return _sli(document, place, spec.indicator.spec.ratio, problems)
    if spec.indicator_ref not in indicators:
        near = suggestion(spec.indicator_ref, indicators)
        reason = f"there is no SLI {spec.indicator_ref!r} in this file.{near}"
        if not spec.indicator_ref:
            reason = "spec: give an indicator, or name one: indicatorRef."
        problems.append(Problem(document.where(("spec", "indicatorRef")), reason))
    return indicators.get(spec.indicator_ref)


def _sli(document: YamlDocument, place: Path, ratio: Ratio, problems: list[Problem]) -> Sli | None:
    if (ratio.good is None) == (ratio.bad is None):
        problems.append(Problem(document.where(place), "give either good or bad beside total."))
        return None
    which, counted = ("bad", ratio.bad) if ratio.bad else ("good", ratio.good)
    if counted is None:
        return None
    for key, metric in (("total", ratio.total), (which, counted)):
        reason = _no_selector(metric.source.spec.query)
        if reason:
            where = document.where((*place, key, "metricSource", "spec", "query"))
            problems.append(Problem(where, reason))
    return Sli(ratio.total.source.spec.query.strip(), counted.source.spec.query.strip(), bad=which == "bad")


def _no_selector(query: str) -> str:
    """Return why `query` is not the name of a counter with its labels, empty when it is."""
    try:
        parsed = parse(query)
    except ValueError as error:
        return f"no PromQL: {str(error).splitlines()[0]}."
    if isinstance(parsed, VectorSelector) and parsed.offset is None and parsed.at is None:
        return ""
    return 'expected a counter with its labels, like x_total{job="chat"}; rate and sum are added here.'


def _target(document: YamlDocument, index: int, form: ObjectiveForm, problems: list[Problem]) -> float:
    if (form.target is None) == (form.per_cent is None):
        where = document.where(("spec", "objectives", index))
        problems.append(Problem(where, "give either target (0.995) or targetPercent (99.5)."))
        return 0.0
    return form.target if form.target is not None else round((form.per_cent or 0.0) / _PER_CENT, 9)


def _problem(document: YamlDocument, error: Any) -> Problem:
    path = error["loc"]
    name = ".".join(str(part) for part in path)
    reason = reason_of(error)
    if path[-1] == "ratioMetric":
        reason = "is missing: only ratios of counters are read; write a threshold as good (within) and total"
    elif error["type"] == "missing":
        reason = "is missing"
    return Problem(document.where(path), f"{name}: {reason}.")
