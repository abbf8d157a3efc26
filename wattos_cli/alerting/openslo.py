"""OpenSLO v1 documents of the kind SLO that are a ratio of two counters. Source: openslo.com, README."""

from collections.abc import Collection
from typing import Annotated, Any, Literal

from promql_parser import VectorSelector, parse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from wattos_cli.alerting.sli import Indicator, Sli
from wattos_cli.alerting.slo import Slo
from wattos_cli.alerting.slo_schema import Seconds, share
from wattos_cli.alerting.yamltext import YamlDocument
from wattos_cli.config.problems import Problem, suggestion

API_VERSION = "openslo/v1"
_WEEK_S = 7 * 86400.0
_PER_CENT = 100.0


def is_one(value: Any) -> bool:
    """Return whether a document calls itself OpenSLO's."""
    return isinstance(value, dict) and str(value.get("apiVersion", "")).startswith("openslo/")


def _window(value: Any) -> Any:
    """Return OpenSLO's shorthand (`4w`, `30d`) as one of ours."""
    text = str(value)
    weeks = text.removesuffix("w")
    return f"{int(weeks) * 7}d" if text.endswith("w") and weeks.isdigit() else value


class _Form(BaseModel):
    # OpenSLO documents bear fields for other programs, which are none of our concern.
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Query(_Form):
    query: str


class _Source(_Form):
    spec: _Query


class _Metric(_Form):
    source: Annotated[_Source, Field(alias="metricSource")]


class _Ratio(_Form):
    counter: Literal[True]
    total: _Metric
    good: _Metric | None = None
    bad: _Metric | None = None


class _IndicatorSpec(_Form):
    ratio: Annotated[_Ratio, Field(alias="ratioMetric")]


class _Indicator(_Form):
    spec: _IndicatorSpec


class _Objective(_Form):
    target: Annotated[float | None, BeforeValidator(lambda v: v if v is None else share(v))] = None
    per_cent: Annotated[float | None, Field(alias="targetPercent", gt=0, lt=_PER_CENT)] = None


class _TimeWindow(_Form):
    duration: Annotated[Seconds, BeforeValidator(_window)]


class _Spec(_Form):
    service: str
    indicator: _Indicator
    objectives: Annotated[list[_Objective], Field(min_length=1, max_length=20)]
    windows: Annotated[list[_TimeWindow], Field(alias="timeWindow", max_length=1)] = []
    method: Annotated[Literal["Occurrences"], Field(alias="budgetingMethod")] = "Occurrences"
    description: str = ""


class _Metadata(_Form):
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class _Document(_Form):
    version: Annotated[Literal["openslo/v1"], Field(alias="apiVersion")]
    kind: Literal["SLO"]
    metadata: _Metadata
    spec: _Spec


def objectives(document: YamlDocument, known: Collection[str], problems: list[Problem]) -> list[Slo]:
    """Return one objective per target of the document; what is wrong with it is added to `problems`."""
    try:
        form = _Document.model_validate(document.value)
    except ValidationError as error:
        problems += [_problem(document, each) for each in error.errors()]
        return []
    spec, before = form.spec, len(problems)
    if spec.service not in known:
        reason = f"there is no service {spec.service!r}.{suggestion(spec.service, known)}"
        problems.append(Problem(document.where(("spec", "service")), reason))
    indicator = _sli(document, spec.indicator.spec.ratio, problems)
    targets = [_target(document, index, each, problems) for index, each in enumerate(spec.objectives)]
    if indicator is None or len(problems) > before:
        return []
    window_s = spec.windows[0].duration if spec.windows else 4 * _WEEK_S
    return [
        Slo(
            form.metadata.name if len(targets) == 1 else f"{form.metadata.name}-{number}",
            spec.service,
            Indicator.CUSTOM,
            target,
            indicator,
            window_s,
            description=spec.description,
        )
        for number, target in enumerate(targets, start=1)
    ]


def _sli(document: YamlDocument, ratio: _Ratio, problems: list[Problem]) -> Sli | None:
    place = ("spec", "indicator", "spec", "ratioMetric")
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


def _target(document: YamlDocument, index: int, form: _Objective, problems: list[Problem]) -> float:
    if (form.target is None) == (form.per_cent is None):
        where = document.where(("spec", "objectives", index))
        problems.append(Problem(where, "give either target (0.995) or targetPercent (99.5)."))
        return 0.0
    return form.target if form.target is not None else round((form.per_cent or 0.0) / _PER_CENT, 9)


def _problem(document: YamlDocument, error: Any) -> Problem:
    path = error["loc"]
    name = ".".join(str(part) for part in path)
    reason = str(error["msg"]).removeprefix("Value error, ")
    if path[-1] == "ratioMetric":
        reason = "is missing: only ratios of counters are read; write a threshold as good (within) and total"
    elif error["type"] == "missing":
        reason = "is missing"
    return Problem(document.where(path), f"{name}: {reason[:1].lower()}{reason[1:]}.")
