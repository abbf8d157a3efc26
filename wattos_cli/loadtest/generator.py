"""A whole run of the generator, waited for."""

from collections.abc import Callable, Mapping

from wattos_cli.loadtest.generation import started
from wattos_cli.loadtest.interval import Interval
from wattos_cli.loadtest.measured import Measured
from wattos_cli.loadtest.plan import Plan

_POLL_S = 0.2

Watch = Callable[[Interval], None]


def generate(
    plan: Plan,
    environ: Mapping[str, str],
    sleep: Callable[[float], None],
    watch: Watch = lambda _interval: None,
) -> Measured:
    """Run the plan and return what was measured; `watch` is called with each interval as it comes.

    WattosError (exit 4) with the generator's last lines if it breaks off before it counted anything; whatever
    ends this call, the process ends with it. While Locust's page is shown Ctrl-C ends the run, not this call.
    """
    with started(plan, environ) as generation:
        try:
            while generation.running:
                sleep(_POLL_S)
                for interval in generation.poll():
                    watch(interval)
        except KeyboardInterrupt:
            if plan.ui_port is None:
                raise
            generation.stop()
        return generation.result()
