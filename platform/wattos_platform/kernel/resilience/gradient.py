"""How many calls an upstream can take at once, found from how its latency answers to their number.

The idea is that of TCP Vegas and of Netflix's Gradient2: while latency is what it is without load, let more
through; when it grows, let fewer through, in proportion. What differs is the baseline, which is measured only
without load: by calls that run nearly alone, and by short probes with a lowered limit. Overload, however
long, is never taken for normal. The decision record on concurrency limits has the simulations.
"""

from dataclasses import dataclass, replace
from math import ceil, exp, inf, log, sqrt

# One baseline for each kind of call; kinds beyond these share one.
MAX_KINDS = 64
OTHER = "other"
_SHORTEST_S = 1e-6
_WARMUP_LATENCIES = 3
_ALONE_WEIGHT = 0.05
# A probe asks at a quarter of the limit, lets what is queued run off for two latencies, measures for three.
_PROBE_DIVISOR = 4
_DRAIN_LATENCIES = 2
_PROBE_LATENCIES = 3
# So many samples of a probe weigh as much as what was known before.
_PROBE_DOUBT = 5
# Probes take at most a tenth of the time. They come at whole multiples of their interval, and intervals
# divide each other, so that replicas meet: four times as often while probes still find the baseline too high,
# or when the limit has fallen since the last one; eight times as seldom at the maximum, where nothing was
# taken away yet.
_PROBE_SPACING = 10
_OFTEN = 0.25
_SELDOM = 8
_FALLEN = 0.7
_SETTLED = log(1.25)


@dataclass(frozen=True, slots=True)
class GradientSettings:
    """Bounds and pace of an adaptive limit; `minimum` = `maximum` is a fixed one.

    `tolerance`: how many times slower than without load calls may get before fewer are let through. A
    decision needs `window_s` seconds and `window_samples` samples, and goes `smoothing` of the way; a window
    with a dropped call takes the limit times `backoff`. A kind of call counts once `warmup` samples of it
    were seen. While the limit is reached, latency without load is measured anew every `probe_s` seconds.
    """

    minimum: int = 5
    maximum: int = 100
    tolerance: float = 1.5
    window_s: float = 0.1
    window_samples: int = 20
    smoothing: float = 0.2
    backoff: float = 0.9
    warmup: int = 10
    probe_s: float = 10.0

    def __post_init__(self) -> None:
        if not 1 <= self.minimum <= self.maximum:
            raise ValueError(f"from {self.minimum} to {self.maximum} calls is no range")
        if self.tolerance <= 1:
            raise ValueError(f"tolerance must be above 1, not {self.tolerance}")

    def up_to(self, maximum: int) -> "GradientSettings":
        """Return the same with another maximum."""
        return replace(self, maximum=maximum, minimum=min(self.minimum, maximum))


class _Kind:
    """The latency of one kind of call without load, as the logarithm of seconds.

    It is `warm` when enough was seen to judge by. The first answers are those of the fastest calls, so that
    takes a few latencies as well as a number of samples.
    """

    __slots__ = ("base", "probed", "probed_sum", "samples", "since", "sum_s", "warm")

    def __init__(self, now: float) -> None:
        self.base = self.probed_sum = 0.0
        self.samples = self.probed = 0
        self.since = now
        self.sum_s = 0.0
        self.warm = False

    def warm_up(self, now: float, took: float, value: float, samples: int) -> None:
        """Learn from a sample when little is known; all weigh alike."""
        self.learn(value, 0.0)
        self.sum_s += took
        seen = self.samples
        self.warm = seen >= samples and (now - self.since) * seen >= _WARMUP_LATENCIES * self.sum_s

    def learn(self, value: float, weight: float) -> None:
        """Move the baseline towards `value`."""
        self.samples += 1
        self.base += (value - self.base) * max(weight, 1 / self.samples)

    def take_probe(self, *, may_rise: bool) -> float:
        """Learn what the probe has gathered; return by how much the baseline fell, below 0 if it rose."""
        count, self.probed = self.probed, 0
        change = (self.probed_sum / count - self.base) * count / (count + _PROBE_DOUBT) if count else 0.0
        self.probed_sum = 0.0
        if change > 0 and not may_rise:
            return 0.0
        self.base += change
        return -change


class _Probe:
    """One measurement at a lowered limit.

    Only calls count that began when the queue had run off and ended a little before the probe does: replicas
    do not begin and end theirs at quite the same moment.
    """

    __slots__ = ("began", "clean_from", "clean_until", "count", "ends_at", "ends_at_last")

    def __init__(self, began: float, latency_s: float, longest_s: float) -> None:
        self.began = began
        self.count = 0
        self.clean_from = began + _DRAIN_LATENCIES * latency_s
        self.clean_until = self.clean_from + _PROBE_LATENCIES * latency_s
        self.ends_at = self.clean_until + latency_s
        self.ends_at_last = self.ends_at + longest_s

    def is_over(self, now: float, enough: int) -> bool:
        """Return whether it has lasted long enough and seen enough, or too little for too long."""
        return now >= self.ends_at and (self.count >= enough or now >= self.ends_at_last)

    def counts(self, now: float, since: float, enough: int) -> bool:
        """Return whether a call from `since` to `now` says what latency is without load."""
        return since >= self.clean_from and (now <= self.clean_until or self.count < enough)


class Gradient:
    """The limit of one upstream: `limit` calls may wait for their first byte at once.

    It starts at `maximum`: an upstream is trusted until its latency speaks against it. Times are monotonic
    seconds. `peak`, the most calls that were in flight or wished to be since the last decision, is kept by
    the owner. A time plus `epoch` is the wall clock's: replicas that share an upstream probe at the same
    moments, because one that probes alone measures the others' load and takes it for the baseline.
    """

    __slots__ = (
        "_dropped", "_epoch", "_estimate", "_excess", "_fixed", "_kinds", "_may_rise", "_measured_at",
        "_measured_limit", "_probe", "_probe_at", "_probe_took", "_samples", "_settled", "_sum_s",
        "_window_from", "limit", "peak", "settings",
    )  # fmt: skip

    def __init__(self, settings: GradientSettings, *, epoch: float = 0.0) -> None:
        self.settings = settings
        self.limit = settings.maximum
        self.peak = 0
        self._epoch = epoch
        self._fixed = settings.minimum == settings.maximum
        self._kinds: dict[str, _Kind] = {}
        self._estimate = self._measured_limit = float(settings.maximum)
        self._measured_at = -inf
        self._settled = False
        self._may_rise = True
        self._probe: _Probe | None = None
        self._probe_at = inf
        self._probe_took = 0.0
        self._open_window(0.0, self._estimate)

    def answered(self, now: float, since: float, kind: str, in_flight: int) -> None:
        """Take the time from `since` to `now` as a sample; at most `in_flight` calls ran beside it."""
        if self._fixed:
            return
        took = now - since
        value = log(took) if took > _SHORTEST_S else log(_SHORTEST_S)
        known = self._kinds.get(kind) or self._new_kind(kind, since)
        settings = self.settings
        if not known.warm:
            known.warm_up(now, took, value, settings.warmup)
            return
        self._samples += 1
        self._sum_s += took
        self._excess += value - known.base
        probe = self._probe
        if probe is not None:
            if probe.counts(now, since, settings.window_samples):
                probe.count += 1
                known.probed += 1
                known.probed_sum += value
        elif in_flight <= settings.minimum:
            known.learn(value, _ALONE_WEIGHT)
        if self._samples >= settings.window_samples or now >= self._probe_at:
            self._decide(now)

    def gave_up(self, now: float, since: float, kind: str) -> None:
        """Take a call whose own time ran out: it says something if it already lasted longer than usual."""
        known = self._kinds.get(kind)
        if known is not None and log(max(now - since, _SHORTEST_S)) > known.base:
            self.answered(now, since, kind, self.settings.maximum)

    def dropped(self, now: float) -> None:
        """Take a call that the upstream did not answer in time, or turned away for its load."""
        if self._fixed:
            return
        self._dropped = True
        self._samples += 1
        if self._samples >= self.settings.window_samples:
            self._decide(now)

    def _decide(self, now: float) -> None:
        """Begin the probe that is due, or end the window or the probe if it has lasted long enough."""
        probe = self._probe
        if probe is not None:
            if probe.is_over(now, self.settings.window_samples):
                self._end_probe(now, probe)
        elif now >= self._probe_at:
            self._begin_probe(now)
        elif now - self._window_from >= self.settings.window_s:
            self._move()
            self._probe_at = self._next_probe(now) if self.peak >= self.limit else inf
            self._open_window(now, self._estimate)

    def _begin_probe(self, now: float) -> None:
        self._probe = _Probe(now, self._sum_s / max(self._samples, 1), self.settings.probe_s)
        self._probe_at = inf
        self._open_window(now, self._estimate / _PROBE_DIVISOR)

    def _end_probe(self, now: float, probe: _Probe) -> None:
        self._probe = None
        self._probe_took = now - probe.began
        fell = max((kind.take_probe(may_rise=self._may_rise) for kind in self._kinds.values()), default=0.0)
        self._settled = fell < _SETTLED
        if fell < -_SETTLED:
            # The upstream itself got slower: what was taken away for that was no queue.
            self._estimate = max(self._estimate, self._measured_limit)
        self._measured_at = now
        self._measured_limit = self._estimate * exp(-max(fell, 0.0))
        self._open_window(now, self._estimate)

    def _open_window(self, now: float, limit: float) -> None:
        self.limit = max(self.settings.minimum, int(limit))
        self.peak = 0
        self._window_from = now
        self._samples = 0
        self._sum_s = self._excess = 0.0
        self._dropped = False

    def _move(self) -> None:
        """Move the estimate by what the window says."""
        settings, limit = self.settings, self._estimate
        room = sqrt(limit)
        if self._dropped:
            moved = limit * settings.backoff
        else:
            ratio = exp(self._excess / self._samples)
            used = min(limit, self.peak)
            target = limit
            # What queues at the upstream, by Little's law; fewer than the room is no queue.
            if ratio > settings.tolerance and used * (1 - 1 / ratio) > room:
                target = used * max(0.5, settings.tolerance / ratio) + room
            elif 2 * self.peak >= limit:
                target = limit + room
            moved = limit + (target - limit) * settings.smoothing
        self._estimate = min(float(settings.maximum), max(float(settings.minimum), moved))

    def _next_probe(self, now: float) -> float:
        """Return when to measure again, at a moment that other replicas find too."""
        settings = self.settings
        every_s = settings.probe_s
        spacing: float = _PROBE_SPACING
        fallen = self._estimate < _FALLEN * self._measured_limit
        self._may_rise = self._settled or fallen
        if not self._settled or fallen:
            every_s *= _OFTEN
            spacing *= _OFTEN
        elif self._estimate >= settings.maximum:
            every_s *= _SELDOM
        while every_s < spacing * self._probe_took:
            every_s *= 2
        earliest = max(now, self._measured_at + every_s * _OFTEN) + self._epoch
        return ceil(earliest / every_s) * every_s - self._epoch

    def _new_kind(self, kind: str, since: float) -> _Kind:
        return self._kinds.setdefault(kind if len(self._kinds) < MAX_KINDS else OTHER, _Kind(since))
