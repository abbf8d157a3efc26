"""The metric registry: every family of every service, from which exposition, docs and dashboards derive."""

from collections.abc import Collection

from wattos_platform.contracts.metrics.family import Label, MetricFamily
from wattos_platform.contracts.metrics.gen_ai import GEN_AI_FAMILIES, OTEL_GENAI
from wattos_platform.contracts.metrics.kernel import KERNEL_FAMILIES
from wattos_platform.contracts.metrics.services import SERVICE_FAMILIES

__all__ = ["FAMILIES", "OTEL_GENAI", "Label", "MetricFamily", "families_of"]

FAMILIES: tuple[MetricFamily, ...] = (*KERNEL_FAMILIES, *SERVICE_FAMILIES, *GEN_AI_FAMILIES)


def families_of(service: str, switches: Collection[str] = ()) -> tuple[MetricFamily, ...]:
    """Return what `service` exposes; families with a switch only where `switches` holds it."""
    return tuple(
        family
        for family in FAMILIES
        if family.exposed_by(service) and (not family.switch or family.switch in switches)
    )
