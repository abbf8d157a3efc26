"""docs/reference/metrics.md: every metric family of every service, from the one registry."""

from wattos_platform.contracts.metrics import FAMILIES, MetricFamily


def markdown() -> str:
    """Return the page without its first line."""
    rows = [_row(family) for family in FAMILIES]
    return "\n".join(
        [
            "# Metrics",
            "",
            "Every service answers `/metrics` with these families; those with a service named exist there",
            "only. A family keeps at most 1000 label sets; further ones share the labels `other`.",
            "",
            "| name | type | labels | meaning | service |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _row(family: MetricFamily) -> str:
    labels = ", ".join(f"`{label}`" for label in family.labels)
    return f"| `{family.name}` | {family.kind} | {labels} | {family.help} | {family.service or 'all'} |"
