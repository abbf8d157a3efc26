"""The metrics of calls to providers, found once for each kind of call and then only counted."""

from collections.abc import Callable

from wattos_platform.kernel.metrics import MAX_CHILDREN, OVERFLOW
from wattos_platform.kernel.telemetry import Histogram, Meter, Tally
from wattos_platform.services.llm_gateway.domain.pricing import PICO_PER_USD
from wattos_platform.services.llm_gateway.domain.wire import Usage

# provider, model, operation, outcome, error_type
CallLabels = tuple[str, str, str, str, str]
_OK = "ok"


class _TokenTallies(dict[str, Tally]):
    """The tallies of one model's tokens by kind, each made when its kind is first counted."""

    def __init__(self, meter: Meter, names: dict[str, str]) -> None:
        super().__init__()
        self._meter = meter
        self._names = names

    def __missing__(self, kind: str) -> Tally:
        tally = self[kind] = self._meter.tally("llm_tokens_total", **self._names, kind=kind)
        return tally

    def count(self, usage: Usage) -> None:
        """Count the tokens of one call."""
        if usage.prompt:
            self["prompt"].count += usage.prompt
        if usage.completion:
            self["completion"].count += usage.completion
        if usage.cached:
            self["cached"].count += usage.cached
        if usage.cache_write:
            self["cache_write"].count += usage.cache_write
        if usage.reasoning:
            self["reasoning"].count += usage.reasoning


class CallMeter:
    """The metrics of calls that have provider, model, operation and outcome in common."""

    __slots__ = ("_calls", "_cost", "_duration", "_first_token", "_meter", "_names", "_pace", "_tokens")

    def __init__(self, meter: Meter, labels: CallLabels) -> None:
        provider, model, operation, outcome, error_type = labels
        names = {"provider": provider, "model": model}
        self._meter = meter
        self._names = names
        self._calls = meter.tally(
            "llm_calls_total", **names, operation=operation, outcome=outcome, error_type=error_type
        )
        self._duration = meter.histogram("llm_call_duration_seconds", **names)
        # Made when they are first needed: a model that never streamed has no pace.
        self._tokens = _TokenTallies(meter, names)
        self._cost: Tally | None = None
        self._first_token: Histogram | None = None
        self._pace: Histogram | None = None

    def count(self, usage: Usage, cost: int | None, took_s: float, first_s: float | None) -> None:
        """Count one call; `cost` is in pico-dollars, `first_s` the time to the first content if any came."""
        self._calls.count += 1
        self._duration.observe(took_s)
        self._tokens.count(usage)
        if cost is None:
            self._meter.counter("llm_cost_unknown_total", provider=self._names["provider"]).inc()
        elif cost:
            if self._cost is None:
                self._cost = self._meter.tally("llm_cost_usd_total", **self._names)
            self._cost.count += cost / PICO_PER_USD
        if first_s is not None:
            self._observe_pace(usage, took_s, first_s)

    def _observe_pace(self, usage: Usage, took_s: float, first_s: float) -> None:
        if self._first_token is None or self._pace is None:
            self._first_token = self._meter.histogram("llm_time_to_first_token_seconds", **self._names)
            self._pace = self._meter.histogram("llm_time_per_output_token_seconds", **self._names)
        self._first_token.observe(first_s)
        if usage.completion > 1:
            self._pace.observe((took_s - first_s) / (usage.completion - 1))


class CallMeters:
    """All of them. Beyond 1000 kinds of calls nothing is kept; the metrics' own cap holds there.

    A caller may ask a provider for any name: one that `knows` (provider, model) denies, and that never
    answered, is counted as `other`. `make` decides what is counted of a call.
    """

    def __init__(self, meter: Meter, make: Callable[[Meter, CallLabels], CallMeter] = CallMeter) -> None:
        self._meter = meter
        self._make = make
        self._kept: dict[CallLabels, CallMeter] = {}
        self.knows: Callable[[str, str], bool] = lambda _provider, _model: True
        self.overhead = meter.histogram("llm_overhead_seconds")

    def of(self, labels: CallLabels) -> CallMeter:
        """Return the metrics for (provider, model, operation, outcome, error_type)."""
        found = self._kept.get(labels)
        if found is not None:
            return found
        provider, model, operation, outcome, error_type = labels
        if outcome != _OK and model != OVERFLOW and not self.knows(provider, model):
            return self.of((provider, OVERFLOW, operation, outcome, error_type))
        found = self._make(self._meter, labels)
        if len(self._kept) < MAX_CHILDREN:
            self._kept[labels] = found
        return found

    def fell_back(self, origin: str, target: str) -> None:
        """Count that `target` answered in place of `origin`."""
        self._meter.counter("llm_fallbacks_total", **{"from": origin, "to": target}).inc()
