"""The adaptive limit before a simulated upstream: 20 servers, 50 ms a call, unless a test says otherwise."""

import pytest

from tests.fakes.kernel.queueing import MEAN_S, Upstream, lognormal, quantile
from wattos_platform.kernel.resilience.gradient import GradientSettings

SERVERS = 20
CAPACITY = SERVERS / MEAN_S
NOISE = [pytest.param(0.0, id="constant"), pytest.param(0.5, id="noisy"), pytest.param(1.0, id="long-tailed")]


def times(load: float, servers: int = SERVERS):
    """Return an arrival rate of `load` times what the upstream can serve."""
    return lambda _at: load * servers / MEAN_S


@pytest.mark.parametrize("sigma", NOISE)
@pytest.mark.parametrize("servers", [10, 20, 40])
def test_under_threefold_load_the_limit_settles_near_the_capacity(servers, sigma):
    upstream = Upstream(servers=servers, service=lognormal(sigma=sigma)).run(40, times(3, servers))
    limits = upstream.limits_in(15)
    assert servers <= sum(limits) / len(limits) <= 2.2 * servers
    assert len(upstream.answered(15, 40)) >= 0.95 * 25 * servers / MEAN_S
    assert 0.64 <= upstream.shed_share(15) <= 0.7


@pytest.mark.parametrize("sigma", NOISE)
def test_what_is_admitted_under_threefold_load_is_answered_soon(sigma):  # defect-46: a bulkhead that fits
    alone = quantile(Upstream(service=lognormal(sigma=sigma)).run(20, times(0.3)).answered(), 0.99)
    upstream = Upstream(service=lognormal(sigma=sigma)).run(40, times(3))
    fixed = Upstream(service=lognormal(sigma=sigma), settings=GradientSettings(100, 100)).run(40, times(3))
    assert quantile(upstream.answered(10), 0.99) <= alone + 1.5 * MEAN_S
    assert quantile(upstream.answered(10), 0.5) < 0.5 * quantile(fixed.answered(10), 0.5)


def test_after_the_overload_nothing_is_shed_and_the_next_one_finds_the_same_limit():
    upstream = Upstream().run(60, lambda at: CAPACITY * (3 if at < 20 or at > 40 else 0.5))
    assert upstream.shed_share(21, 40) == 0
    first, second = upstream.limits_in(10, 20), upstream.limits_in(50, 60)
    assert sum(second) / len(second) == pytest.approx(sum(first) / len(first), rel=0.25)


@pytest.mark.parametrize("sigma", NOISE)
def test_noise_below_the_capacity_is_not_taken_for_load(sigma):
    upstream = Upstream(service=lognormal(sigma=sigma)).run(60, times(0.7))
    assert upstream.shed_share() < 0.01
    assert sorted(upstream.limits_in())[len(upstream.limits_in()) // 4] >= SERVERS


@pytest.mark.parametrize("load", [3.0, 0.6])
def test_latency_that_grows_slowly_does_not_lift_the_limit(load):
    def growing(rng, at):
        return lognormal(MEAN_S * 1.01**at, 0.3)(rng, at)

    upstream = Upstream(service=growing).run(100, lambda at: load * CAPACITY / 1.01**at)
    if load > 1:
        early, late = upstream.limits_in(10, 30), upstream.limits_in(80, 100)
        assert sum(late) / len(late) <= 1.2 * sum(early) / len(early)
        assert max(upstream.limits_in(10)) <= 2.5 * SERVERS
    else:
        assert upstream.shed_share() < 0.02


def test_overload_without_end_never_becomes_the_baseline():
    upstream = Upstream(servers=5).run(600, times(3, 5))
    assert max(upstream.limits_in(60)) <= 4 * 5
    assert quantile(upstream.answered(540), 0.5) <= 3 * MEAN_S


def test_an_upstream_that_gets_slower_by_itself_is_measured_anew():
    def slower(rng, at):
        return lognormal(MEAN_S if at < 30 else 3 * MEAN_S)(rng, at)

    upstream = Upstream(servers=80, service=slower).run(80, lambda _at: CAPACITY)
    assert upstream.shed_share(30, 50) < 0.2
    assert upstream.shed_share(50) < 0.02


def test_an_upstream_that_gets_faster_is_not_held_at_its_old_latency():
    def faster(rng, at):
        return lognormal(3 * MEAN_S if at < 30 else MEAN_S)(rng, at)

    upstream = Upstream(service=faster).run(80, times(3))
    assert quantile(upstream.answered(50), 0.5) <= 2.5 * MEAN_S
    assert len(upstream.answered(50, 80)) >= 0.95 * 30 * CAPACITY


@pytest.mark.parametrize("replicas", [2, 4])
def test_replicas_that_share_an_upstream_do_not_learn_each_others_load(replicas):
    together = Upstream(replicas=replicas).run(120, times(3))
    assert sum(together.limits_in(60)) / len(together.limits_in(60)) <= 3 * SERVERS


def test_slow_calls_far_below_the_capacity_are_hardly_ever_shed():
    upstream = Upstream(servers=1000, service=lognormal(2.0)).run(120, lambda _at: 35)
    assert upstream.shed_share() < 0.02
