"""The shape of a `wattos.slo/v1` document, and from it to objectives."""

import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AllowInfNan,
    BaseModel,
    BeforeValidator,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    WithJsonSchema,
)

from wattos_cli.alerting import sli
from wattos_cli.alerting.sli import Indicator, Sli
from wattos_cli.alerting.slo import SCHEMA, Slo, SloBook, Thresholds
from wattos_cli.alerting.yamltext import YamlDocument
from wattos_cli.config.forms import Form, Seconds, positive_seconds, reason_of
from wattos_cli.config.problems import Problem, suggestion
from wattos_cli.metricstore import patterns
from wattos_platform.contracts.metrics import FAMILIES

_PER_CENT = 100.0
_HOUR_S, _YEAR_S = 3600.0, 366 * 86400.0
_BOUNDS = {family.name: family.buckets for family in FAMILIES}
_TIMED: Mapping[Indicator, str] = {
    Indicator.LATENCY: "http_request_duration_seconds",
    Indicator.TIME_TO_FIRST_TOKEN: "llm_time_to_first_token_seconds",
}


def share(value: Any) -> float:
    """Return `99.5%` or 0.995 as 0.995; ValueError for what is not between 0 and 1."""
    text = str(value).strip()
    number = text.removesuffix("%").strip()
    try:
        result = round(float(number) / _PER_CENT, 9) if text.endswith("%") else float(text)
    except ValueError:
        raise ValueError(f"expected a share like 99.5% or 0.995, got {value!r}") from None
    if not 0 < result < 1:
        raise ValueError(f"expected a share between 0% and 100%, like 99.5% or 0.995, got {value!r}")
    return result


def _window(value: Any) -> float:
    result = positive_seconds(value)
    if not _HOUR_S <= result <= _YEAR_S:
        raise ValueError(f"expected a window from 1h to 366d, like 30d, got {value!r}")
    return result


def _pattern(value: Any) -> Any:
    if isinstance(value, str):
        try:
            patterns.compiled(value)
        except re.error as error:
            raise ValueError(f"no regular expression of Prometheus: {error}") from None
    return value


_SHARE = {"type": ["string", "number"], "examples": ["99.5%", 0.995]}
Share = Annotated[float, BeforeValidator(share), WithJsonSchema(_SHARE)]
Window = Annotated[
    float, BeforeValidator(_window), WithJsonSchema({"type": "string", "examples": ["7d", "30d"]})
]
Amount = Annotated[PositiveFloat, AllowInfNan(allow_inf_nan=False)]


class ThresholdsForm(Form):
    """`thresholds`: from where on single alerts fire."""

    error_rate: Share = 0.05
    response_time_p95: Seconds = 1.0
    llm_cost_per_hour_usd: Amount = 100.0
    llm_cost_per_day_usd: Amount = 500.0
    cache_hit_rate: Share = 0.5
    refused_rate: Share = 0.1
    write_queue_length: Amount = 500.0
    write_queue_age: Seconds = 10.0
    queue_age: Seconds = 300.0
    min_events: PositiveInt = 20

    def thresholds(self) -> Thresholds:
        """Return them with units in their names."""
        values = self.model_dump()
        return Thresholds(
            response_time_p95_s=values.pop("response_time_p95"),
            write_queue_age_s=values.pop("write_queue_age"),
            queue_age_s=values.pop("queue_age"),
            **values,
        )


class SloForm(Form):
    """One item of `slos`."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    service: str
    indicator: Literal["availability", "latency", "time_to_first_token"]
    objective: Share
    threshold: Seconds | None = None
    routes: Annotated[str | None, BeforeValidator(_pattern)] = None
    window: Window = 30 * 86400.0
    description: Annotated[str, Field(max_length=1050)] = ""


class BookForm(Form):
    """The whole document."""

    schema_: Annotated[Literal["wattos.slo/v1"], Field(alias="schema")]
    thresholds: ThresholdsForm = ThresholdsForm()
    slos: Annotated[tuple[SloForm, ...], Field(max_length=200)] = ()


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the SLO file, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **BookForm.model_json_schema(),
        "title": SCHEMA,
    }


_FORMS: Mapping[str, type[BaseModel]] = {"": BookForm, "thresholds": ThresholdsForm, "slos": SloForm}


def book(document: YamlDocument, known: Collection[str], problems: list[Problem]) -> SloBook:
    """Return the objectives of one document; what is wrong with it is added to `problems`."""
    if not isinstance(document.value, dict):
        problems.append(Problem(document.where(), f"expected `schema: {SCHEMA}` and a list `slos`."))
        return SloBook()
    try:
        form = BookForm.model_validate(document.value)
    except ValidationError as error:
        problems += [_problem(document, each) for each in error.errors()]
        return SloBook()
    slos = [_objective(document, index, each, known, problems) for index, each in enumerate(form.slos)]
    return SloBook(tuple(slo for slo in slos if slo), form.thresholds.thresholds())


def _objective(
    document: YamlDocument, index: int, form: SloForm, known: Collection[str], problems: list[Problem]
) -> Slo | None:
    def note(key: str, message: str) -> None:
        problems.append(Problem(document.where(("slos", index, key)), f"{form.name}: {message}"))

    before = len(problems)
    indicator = Indicator(form.indicator)
    if form.service not in known:
        note("service", f"there is no service {form.service!r}.{suggestion(form.service, known)}")
    family = _TIMED.get(indicator)
    if family is None and form.threshold is not None:
        note("threshold", f"{indicator} has no threshold; remove it.")
    if family is not None and form.threshold not in _BOUNDS[family]:
        bounds = ", ".join(f"{bound:g}s" for bound in _BOUNDS[family])
        note("threshold", f"expected a bound that {family} has a bucket for: {bounds}.")
    if indicator is Indicator.TIME_TO_FIRST_TOKEN and form.routes is not None:
        note("routes", "time_to_first_token is measured by model, not by route; remove it.")
    if len(problems) > before:
        return None
    return Slo(
        form.name,
        form.service,
        indicator,
        form.objective,
        _sli(indicator, form),
        form.window,
        form.threshold,
        form.description,
    )


def _sli(indicator: Indicator, form: SloForm) -> Sli:
    if indicator is Indicator.AVAILABILITY:
        return sli.availability(form.service, form.routes)
    threshold_s = form.threshold or 0.0
    if indicator is Indicator.LATENCY:
        return sli.latency(form.service, form.routes, threshold_s)
    return sli.time_to_first_token(form.service, threshold_s)


def _problem(document: YamlDocument, error: Any) -> Problem:
    """Return pydantic's finding in the file's own words."""
    path = error["loc"]
    name = ".".join(str(part) for part in path)
    if error["type"] == "extra_forbidden":
        form = _FORMS.get(str(path[0]) if len(path) > 1 else "", BookForm)
        known = {field.alias or key for key, field in form.model_fields.items()}
        return Problem(document.where(path), f"unknown key {path[-1]!r}.{suggestion(str(path[-1]), known)}")
    if error["type"] == "missing":
        return Problem(document.where(path), f"{name} is missing.")
    return Problem(document.where(path), f"{name}: {reason_of(error)}.")
