"""Alerts about error budgets, one per speed of burning; each speaks for every objective."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wattos_cli.alerting import burn
from wattos_cli.alerting.alert import Alert, Case, Fired, RuleContext, too_short
from wattos_cli.alerting.burn import Speed
from wattos_cli.durations import duration_s, duration_text


@dataclass(frozen=True, slots=True)
class _Proof:
    """Bad requests of 1000 that burn chat's budget of 0.5 % fast enough, and not quite; when to look.

    Samples stand as far apart as the windows allow: promtool evaluates every rule at every step. `begun`:
    how many are bad in the last of so many samples, which only the short window sees as fast enough.
    `half_of_few`: failures from sample to sample that are half of fewer events than a share needs.
    """

    bad: int
    fewer: int
    every: str
    at: str
    better_at: str
    begun: tuple[int, int, int]
    half_of_few: float


_PROOFS: Mapping[str, _Proof] = {
    "BudgetBurnFast": _Proof(100, 50, "2m", "80m", "90m", (350, 5, 40), 0.25),
    "BudgetBurnSteady": _Proof(50, 25, "5m", "4h", "260m", (150, 9, 48), 0.15),
    "BudgetBurnSlow": _Proof(20, 10, "10m", "8h", "610m", (50, 13, 48), 0.15),
    "BudgetBurnCreeping": _Proof(10, 4, "10m", "10h", "1000m", (20, 52, 240), 0.15),
}
_LABELS = 'job="chat",instance="chat-0",route="/api/v1/conversations"'


def _condition(speed: Speed) -> Callable[[RuleContext], str]:
    def expression(context: RuleContext) -> str:
        return (
            f"{burn.burn_rate(speed.long)} > {speed.factor:g}\n"
            f"and {burn.burn_rate(speed.short)} > {speed.factor:g}\n"
            f"and {burn.events(speed.long)} >= {context.thresholds.min_events}"
        )

    return expression


def _traffic(good: str, bad: str) -> dict[str, str]:
    return {
        f'http_requests_total{{{_LABELS},status="200"}}': good,
        f'http_requests_total{{{_LABELS},status="500"}}': bad,
    }


def _share(bad: int) -> dict[str, str]:
    return _traffic(f"0+{1000 - bad}x250", f"0+{bad}x250")


def _better(proof: _Proof) -> Case:
    good = 1000 - proof.fewer
    return Case(
        "everything failed, and now it is better",
        _traffic(f"0x40 {good}+{good}x99", f"0+1000x40 {40_000 + proof.fewer}+{proof.fewer}x99"),
        proof.better_at,
        every=proof.every,
    )


def _few(proof: _Proof) -> dict[str, str]:
    return _traffic(f"0+{proof.half_of_few}x100", f"0+{proof.half_of_few}x100")


def _begun(proof: _Proof) -> Case:
    bad, last, samples = proof.begun
    before = samples - last
    good = 1000 - bad
    return Case(
        "it has only begun",
        _traffic(f"0+1000x{before} {1000 * before + good}+{good}x{last}", f"0x{before} {bad}+{bad}x{last}"),
        duration_text(samples * duration_s(proof.every)),
        every=proof.every,
    )


def _alert(speed: Speed) -> Alert:
    proof = _PROOFS[speed.name]
    enough = Case(
        f"{proof.bad} of 1000 fail",
        _share(proof.bad),
        proof.at,
        [Fired({"job": "chat", "slo": "chat-availability"}, shown=f"{proof.bad / 5:g}")],
        every=proof.every,
    )
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
        fires=(enough,),
        silent=(
            too_short(enough, speed.for_),
            _begun(proof),
            Case(f"{proof.fewer} of 1000 fail", _share(proof.fewer), proof.at, every=proof.every),
            _better(proof),
            Case("half fails, of hardly anything", _few(proof), proof.at, every=proof.every),
        ),
    )


ALERTS: tuple[Alert, ...] = tuple(_alert(speed) for speed in burn.SPEEDS)
