"""docs/reference/metrics.md: every metric family of every service, from the one registry."""

from collections.abc import Sequence

from wattos_cli.metricstore.questions import QUESTIONS
from wattos_platform.contracts.error_types import CALLER, ERROR_TYPE_HEADER, PLATFORM, POLICY, PROVIDER
from wattos_platform.contracts.metrics import FAMILIES, Label, MetricFamily

_WINDOW_S = 900.0


def markdown() -> str:
    """Return the page without its first line."""
    return "\n".join(
        [
            "# Metrics",
            "",
            "Every service answers `/metrics` with these families; those with services named exist there",
            "only, and those with a switch only where it is on. A histogram has `_bucket`, `_sum`, `_count`.",
            "A family keeps at most 1000 label sets; further ones share the labels `other`, and so does a",
            "value that is none of its label's: `metric_label_sets_refused_total` counts them. No label",
            "holds a tenant, a user, a key or a text of a caller.",
            "",
            "| name | type | unit | labels | meaning | services |",
            "|---|---|---|---|---|---|",
            *map(_row, FAMILIES),
            "",
            "## Labels",
            "",
            "| label | of | values |",
            "|---|---|---|",
            *_label_rows(),
            "",
            "## error_type",
            "",
            "A closed list; its first word is the domain of the fault, and it is empty when all is well. An",
            f"answer whose status does not tell bears it as `{ERROR_TYPE_HEADER}`: who passes it on counts",
            "it alike. Log lines have it as `error.type`, rows of model calls as `error_type`.",
            "",
            "| domain | values |",
            "|---|---|",
            *(
                f"| {meaning} | {_code(values)} |"
                for meaning, values in (
                    ("the request is wrong, or its caller is gone", CALLER),
                    ("a rule of the platform refuses it", POLICY),
                    ("a provider, or the service that was asked, failed", PROVIDER),
                    ("the service itself failed", PLATFORM),
                )
            ),
            "",
            "## What `wattos metrics` asks",
            "",
            "Over the last 15 minutes, in PromQL; type one yourself with `wattos metrics query`. There an",
            "`increase` is estimated from the scrapes, as in Prometheus; `wattos metrics` counts it exactly.",
            "",
            "```text",
            *(f"# {each.name}: {each.meaning}\n{each.over(_WINDOW_S)}" for each in QUESTIONS),
            "```",
            "",
        ]
    )


def _row(family: MetricFamily) -> str:
    services = ", ".join(family.services) or "all"
    if family.switch:
        services += f" (`[metrics] {family.switch}`)"
    return (
        f"| `{family.name}` | {family.kind} | {family.unit} | {_code(family.labels)} | {family.help} "
        f"| {services} |"
    )


def _label_rows() -> list[str]:
    """Return a row for each label and meaning, with the families that bear it."""
    bearers: dict[Label, list[str]] = {}
    for family in FAMILIES:
        for label in family.label_set:
            bearers.setdefault(label, []).append(family.name)
    return [
        f"| `{label.name}` | {_code(names)} | {_values(label)} |"
        for label, names in sorted(bearers.items(), key=lambda pair: (pair[0].name, pair[1]))
    ]


def _values(label: Label) -> str:
    if label.name == "error_type" and label.values:
        return "see below"
    return _code(label.values) if label.values else label.bounded_by


def _code(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
