"""Alerts about error budgets, one per speed of burning; each speaks for every objective."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wattos_cli.alerting import burn
from wattos_cli.alerting.alert import Alert, Case, Fired, Scene
from wattos_cli.alerting.burn import Speed


@dataclass(frozen=True, slots=True)
class _Proof:
    """Bad requests of 1000 that burn chat's budget of 0.5 % fast enough, and not quite; when to look.

    Samples stand as far apart as the windows allow: promtool evaluates every rule at every step.
    """

    bad: int
    fewer: int
    every: str
    at: str
    good_again_at: str


_PROOFS: Mapping[str, _Proof] = {
    "BudgetBurnFast": _Proof(100, 50, "2m", "80m", "90m"),
    "BudgetBurnSteady": _Proof(50, 25, "5m", "4h", "4h"),
    "BudgetBurnSlow": _Proof(20, 10, "10m", "8h", "550m"),
    "BudgetBurnCreeping": _Proof(10, 4, "10m", "10h", "820m"),
}
_LABELS = 'job="chat",instance="chat-0",route="/api/v1/conversations"'


def _condition(speed: Speed) -> Callable[[Scene], str]:
    def expression(scene: Scene) -> str:
        return (
            f"{burn.burn_rate(speed.long)} > {speed.factor:g}\n"
            f"and {burn.burn_rate(speed.short)} > {speed.factor:g}\n"
            f"and {burn.events(speed.long)} >= {scene.thresholds.min_events}"
        )

    return expression


def _traffic(good: str, bad: str) -> dict[str, str]:
    return {
        f'http_requests_total{{{_LABELS},status="200"}}': good,
        f'http_requests_total{{{_LABELS},status="500"}}': bad,
    }


def _share(bad: int) -> dict[str, str]:
    return _traffic(f"0+{1000 - bad}x150", f"0+{bad}x150")


def _alert(speed: Speed) -> Alert:
    proof = _PROOFS[speed.name]
    return Alert(
        speed.name,
        speed.severity,
        "platform",
        _condition(speed),
        summary="{{ $labels.job }} spends the error budget of {{ $labels.slo }}",
        description=f"Over {speed.long} and over {speed.short} the error budget of {{{{ $labels.slo }}}} "
        "burns {{ $value | humanize }} times as fast as it may.",
        board="wattos-services",
        for_=speed.for_,
        fires=(
            Case(
                f"{proof.bad} of 1000 fail",
                _share(proof.bad),
                proof.at,
                [Fired({"job": "chat", "slo": "chat-availability"}, shown=f"{proof.bad / 5:g}")],
                every=proof.every,
            ),
        ),
        silent=(
            Case(f"{proof.fewer} of 1000 fail", _share(proof.fewer), proof.at, every=proof.every),
            Case(
                "it was bad, and is good again",
                _traffic("0x40 0+1000x100", "0+1000x40 40000x100"),
                proof.good_again_at,
                every=proof.every,
            ),
            Case(
                "half fails, of hardly anything",
                _traffic("0x20 1x10 4x100", "0x20 1x10 4x100"),
                proof.at,
                every=proof.every,
            ),
        ),
    )


ALERTS: tuple[Alert, ...] = tuple(_alert(speed) for speed in burn.SPEEDS)
