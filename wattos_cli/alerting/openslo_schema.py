"""The shape of OpenSLO v1 documents, as far as they are read here. Source: openslo.com, README."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from wattos_cli.alerting.slo_schema import share
from wattos_cli.config.forms import Seconds

_PER_CENT = 100.0


def _window(value: Any) -> Any:
    """Return OpenSLO's shorthand (`4w`, `30d`) as one of ours."""
    text = str(value)
    weeks = text.removesuffix("w")
    return f"{int(weeks) * 7}d" if text.endswith("w") and weeks.isdigit() else value


class _Form(BaseModel):
    # OpenSLO documents bear fields for other programs, which are none of our concern.
    model_config = ConfigDict(extra="ignore", frozen=True)


class Query(_Form):
    """A query of Prometheus."""

    query: str


class Source(_Form):
    """Where a figure comes from."""

    spec: Query


class Metric(_Form):
    """A figure."""

    source: Annotated[Source, Field(alias="metricSource")]


class Ratio(_Form):
    """Good or bad events of all."""

    counter: Literal[True]
    total: Metric
    good: Metric | None = None
    bad: Metric | None = None


class IndicatorSpec(_Form):
    """What an indicator is."""

    ratio: Annotated[Ratio, Field(alias="ratioMetric")]


class IndicatorForm(_Form):
    """An indicator within an SLO."""

    spec: IndicatorSpec


class ObjectiveForm(_Form):
    """A target."""

    target: Annotated[float | None, BeforeValidator(lambda v: v if v is None else share(v))] = None
    per_cent: Annotated[float | None, Field(alias="targetPercent", gt=0, lt=_PER_CENT)] = None


class TimeWindow(_Form):
    """The window, which rolls."""

    duration: Annotated[Seconds, BeforeValidator(_window)]
    rolling: Annotated[Literal[True], Field(alias="isRolling")] = True


class SpecForm(_Form):
    """What an SLO is."""

    service: str
    indicator: IndicatorForm | None = None
    indicator_ref: Annotated[str, Field(alias="indicatorRef")] = ""
    objectives: Annotated[list[ObjectiveForm], Field(min_length=1, max_length=20)]
    windows: Annotated[list[TimeWindow], Field(alias="timeWindow", max_length=1)] = []
    method: Annotated[Literal["Occurrences"], Field(alias="budgetingMethod")] = "Occurrences"
    description: str = ""


class Metadata(_Form):
    """What a document is called."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class SliDocument(IndicatorForm):
    """A document of the kind SLI."""

    metadata: Metadata


class SloDocument(_Form):
    """A document of the kind SLO."""

    version: Annotated[Literal["openslo/v1"], Field(alias="apiVersion")]
    kind: Literal["SLO"]
    metadata: Metadata
    spec: SpecForm
