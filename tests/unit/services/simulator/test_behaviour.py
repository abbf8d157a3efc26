"""How fast the simulator is: latencies that have the asked distribution and come again with a seed."""

from random import Random

import pytest

from wattos_platform.services.simulator.domain.behaviour import Behaviour, Behaviours


def test_without_anything_set_nothing_waits():
    behaviour = Behaviour()
    assert (behaviour.latency_s(Random(1)), behaviour.pause_s) == (0, 0)
    assert Behaviour(tokens_per_s=20).pause_s == 0.05


def test_jitter_is_added_evenly():
    behaviour, rng = Behaviour(latency_ms=100, latency_jitter_ms=50), Random(1)
    found = sorted(behaviour.latency_s(rng) for _ in range(2000))
    assert 0.1 <= found[0] < 0.101
    assert 0.149 < found[-1] <= 0.15
    assert found[1000] == pytest.approx(0.125, abs=0.003)


def test_a_tail_has_the_median_and_the_percentile_that_were_asked_for():
    behaviour, rng = Behaviour(latency_ms=100, latency_p99_ms=2000), Random(1)
    found = sorted(behaviour.latency_s(rng) for _ in range(20_000))
    assert found[10_000] == pytest.approx(0.1, rel=0.05)
    assert found[19_800] == pytest.approx(2.0, rel=0.1)


def test_a_seed_makes_latencies_come_again():
    def drawn(seed):
        behaviours = Behaviours(Random())
        behaviours.set(Behaviour(latency_jitter_ms=100, seed=seed))
        return [behaviours.latency_s("openai") for _ in range(5)]

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)


def test_one_provider_differs_until_it_is_forgotten():
    behaviours = Behaviours(Random())
    behaviours.set(Behaviour(answer_tokens=3))
    behaviours.set(Behaviour(answer_tokens=5), "google")
    assert (behaviours.of("openai").answer_tokens, behaviours.of("google").answer_tokens) == (3, 5)
    assert list(behaviours.own) == ["google"]
    assert behaviours.forget("google")
    assert not behaviours.forget("google")
    assert behaviours.of("google").answer_tokens == 3
    behaviours.clear()
    assert behaviours.of("google") == Behaviour()


def test_providers_with_a_behaviour_of_their_own_are_capped():
    behaviours = Behaviours(Random())
    for number in range(50):
        behaviours.set(Behaviour(), f"p{number}")
    behaviours.set(Behaviour(answer_tokens=2), "p7")
    with pytest.raises(OverflowError, match="50"):
        behaviours.set(Behaviour(), "another")
