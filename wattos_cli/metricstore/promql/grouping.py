"""Which series an aggregation takes together."""

from functools import partial

from wattos_cli.metricstore.promql.nodes import Aggregation
from wattos_cli.metricstore.promql.values import Vector, by_key, only, without
from wattos_cli.metricstore.series import NAME, Labels


def grouped(node: Aggregation, rows: Vector) -> dict[Labels, Vector]:
    """Return the rows of each group, in order, by the labels of the group."""
    return by_key(rows, partial(group_labels, node))


def group_labels(node: Aggregation, labels: Labels) -> Labels:
    """Return the labels of the group to which a series of `labels` belongs."""
    return without(labels, (*node.grouping, NAME)) if node.without else only(labels, node.grouping)
