"""A whole run of the generator, waited for."""

from collections.abc import Callable, Mapping

from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.loadtest.generation import started
from wattos_cli.loadtest.interval import Interval
from wattos_cli.loadtest.measured import Measured
from wattos_cli.loadtest.plan import Plan

_POLL_S = 0.2
_LATEST_S = 120.0

Watch = Callable[[Interval], None]


def generate(
    plan: Plan,
    environ: Mapping[str, str],
    sleep: Callable[[float], None],
    watch: Watch = lambda _interval: None,
) -> Measured:
    """Run the plan and return what was measured; `watch` is called with each interval as it comes.

    WattosError (exit 4) with the generator's last lines if it breaks off before it counted anything; whatever
    ends this call, the process ends with it.
    """
    waited_s, longest_s = 0.0, plan.duration_s + _LATEST_S
    with started(plan, environ) as generation:
        while generation.running:
            if waited_s > longest_s:
                raise _hung(longest_s)
            sleep(_POLL_S)
            waited_s += _POLL_S
            for interval in generation.poll():
                watch(interval)
        return generation.result()


def _hung(longest_s: float) -> WattosError:
    return WattosError(
        f"the load generator did not end within {longest_s:.0f} s",
        hint="try fewer users, or a shorter --duration",
        code="generator_hung",
        exit_code=ExitCode.UNREACHABLE,
    )
