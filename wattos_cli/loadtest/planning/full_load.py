"""How much of a run is under full load, as far as its plan tells."""

import math

from wattos_cli.loadtest.plan import Plan


def full_load_s(plan: Plan) -> float:
    """Return for how long at most all the users of a plan are there, in whole seconds from the last one's on.

    Where users come and go, or arrivals do, that is the whole run.
    """
    if plan.arrivals or plan.stages:
        return plan.duration_s
    come_s = (plan.users - max(1.0, plan.spawn_rate)) / plan.spawn_rate
    return max(0.0, plan.duration_s - max(0, math.ceil(come_s) - 1))
