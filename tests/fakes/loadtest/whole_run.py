"""A run of the real load generator from its start to its end, waited for."""

from collections.abc import Callable, Mapping

from wattos_cli.loadtest.generation import started
from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.measuring.measured import Measured
from wattos_cli.loadtest.plan import Plan

_POLL_S = 0.2


def generate(
    plan: Plan,
    environ: Mapping[str, str],
    sleep: Callable[[float], None],
    watch: Callable[[Interval], None] = lambda _interval: None,
) -> Measured:
    """Run the plan and return what was measured; `watch` is called with each interval as it comes."""
    with started(plan, environ) as generation:
        while generation.running:
            sleep(_POLL_S)
            for interval in generation.poll():
                watch(interval)
        return generation.result()
