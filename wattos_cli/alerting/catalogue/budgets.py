"""Alerts about error budgets, one per speed of burning; each speaks for every objective."""

from collections.abc import Callable, Mapping

from wattos_cli.alerting import burn
from wattos_cli.alerting.alert import Alert, Case, Fired, Scene
from wattos_cli.alerting.burn import Speed

# Per speed: bad requests of 1000 a minute that burn chat's budget of 0.5 % faster, and slower, than it may.
_BAD_OF_1000: Mapping[str, tuple[int, int]] = {
    "BudgetBurnFast": (100, 50),
    "BudgetBurnSteady": (50, 25),
    "BudgetBurnSlow": (20, 10),
    "BudgetBurnCreeping": (10, 4),
}
_AT = {"BudgetBurnFast": "2h", "BudgetBurnSteady": "8h", "BudgetBurnSlow": "28h", "BudgetBurnCreeping": "10h"}
_GOOD_AGAIN_AT = {
    "BudgetBurnFast": "70m",
    "BudgetBurnSteady": "160m",
    "BudgetBurnSlow": "750m",
    "BudgetBurnCreeping": "17h",
}
# Long windows are tested with few samples: promtool evaluates every rule at every step.
_EVERY = {
    "BudgetBurnFast": "1m",
    "BudgetBurnSteady": "2m",
    "BudgetBurnSlow": "10m",
    "BudgetBurnCreeping": "10m",
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


def _alert(speed: Speed) -> Alert:
    fast, slow = _BAD_OF_1000[speed.name]
    at = _AT[speed.name]
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
                f"{fast} of 1000 fail",
                _traffic(f"0+{1000 - fast}x2000", f"0+{fast}x2000"),
                at,
                [Fired({"job": "chat", "slo": "chat-availability"}, shown=f"{fast / 5:g}")],
                every=_EVERY[speed.name],
            ),
        ),
        silent=(
            Case(
                f"{slow} of 1000 fail",
                _traffic(f"0+{1000 - slow}x2000", f"0+{slow}x2000"),
                at,
                every=_EVERY[speed.name],
            ),
            Case(
                "it was bad, and is good again",
                _traffic("0x60 0+1000x1900", "0+1000x60 60000x1900"),
                _GOOD_AGAIN_AT[speed.name],
                every=_EVERY[speed.name],
            ),
            Case(
                "half fails, of hardly anything",
                _traffic("0x60 1x30 4x2000", "0x60 1x30 4x2000"),
                at,
                every=_EVERY[speed.name],
            ),
        ),
    )


ALERTS: tuple[Alert, ...] = tuple(_alert(speed) for speed in burn.SPEEDS)
