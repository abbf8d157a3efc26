"""Block bootstrap of a run's intervals, widened by what short runs and short blocks leave out.

Kuensch 1989 (moving blocks), Politis and Romano 1992 (circular), Hesterberg 2015 (expansion for few samples).
Neighbouring seconds resemble each other, so blocks are drawn; at their ends the resemblance is cut, by a
factor that is known for a first-order autoregression and given back here.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from wattos_cli.loadtest.comparison.counts import Buckets, Floats, Histograms
from wattos_cli.loadtest.measuring.histogram import GROWTH

Draws = npt.NDArray[np.float64]
RESAMPLES = 1000
_MOST_ALIKE = 0.9
_LEAST_BEYOND = 5


@dataclass(frozen=True)
class Estimate:
    """A figure of one run: its value, the same of each resample, and how alike neighbouring intervals are.

    Of what neighbours share, `lasting` at least is there in the next interval too.
    """

    value: float
    draws: Draws
    likeness: float
    intervals: int
    lasting: float = 0.0


def resamples(intervals: int, rng: np.random.Generator) -> Floats:
    """Return how often each interval (columns) is in each resample (rows); the first row is the run."""
    block = block_length(intervals)
    starts = rng.integers(0, intervals, (RESAMPLES, math.ceil(intervals / block)))
    drawn = (starts[:, :, None] + np.arange(block)) % intervals
    places = drawn.reshape(RESAMPLES, -1)[:, :intervals] + intervals * np.arange(RESAMPLES)[:, None]
    counted = np.bincount(places.ravel(), minlength=RESAMPLES * intervals)
    whole = np.ones((1, intervals), np.float32)
    return np.vstack([whole, counted.reshape(RESAMPLES, intervals).astype(np.float32)])


def block_length(intervals: int) -> int:
    """Return how many neighbouring intervals are drawn together."""
    return max(1, round(math.cbrt(intervals)))


def estimate(figures: Draws, series: Draws, lasting: float = 0.0) -> Estimate:
    """Return a figure of the run, the first, with those of the resamples, the others.

    `series` is what each interval contributes to the figure.
    """
    return Estimate(float(figures[0]), figures[1:], likeness(series), len(series), lasting)


def log_quantile(buckets: Buckets, upto: Floats, share: float) -> Draws:
    """Return the logarithm of a quantile (ms) of each row of cumulated counts, interpolated in its bucket."""
    rank = share * upto[:, -1]
    last = upto.shape[1] - 1
    place = np.minimum((upto < rank[:, None]).sum(axis=1), last)
    rows = np.arange(len(upto))
    before = np.where(place > 0, upto[rows, np.maximum(place - 1, 0)], 0)
    here = np.maximum(upto[rows, place] - before, 1)
    logs: Draws = (buckets[place] + (rank - before) / here) * GROWTH
    return logs


def contributions(histograms: Histograms, share: float, log_value: float) -> Draws:
    """Return by how much each interval has more values below the quantile than its share."""
    below = np.clip(log_value / GROWTH - histograms.buckets, 0, 1)
    counts = histograms.counts
    found: Draws = counts @ below - share * counts.sum(axis=1)
    return found


def likeness(series: Draws) -> float:
    """Return the correlation of neighbours in `series`, 0 to 0.9, corrected for short series (Kendall)."""
    centred = series - series.mean()
    spread = float(centred @ centred)
    found = float(centred[:-1] @ centred[1:]) / spread if spread > 0 else 0.0
    return min(max(found + (1 + 4 * found) / len(series), 0.0), _MOST_ALIKE)


def between(baseline: Estimate, now: Estimate, confidence: float) -> tuple[float, float]:
    """Return the ends of the interval in which the difference of two figures lies with `confidence`.

    Where hardly a resample lies beyond the ends, a normal distribution as wide as theirs tells them.
    """
    difference = now.draws - baseline.draws
    tail = (1 - confidence) / 2
    if round(tail * len(difference)) < _LEAST_BEYOND:
        middle, reach = now.value - baseline.value, NormalDist().inv_cdf(1 - tail) * float(difference.std())
        low, high = middle - reach, middle + reach
    else:
        low, middle, high = (float(value) for value in np.quantile(difference, [tail, 0.5, 1 - tail]))
    wider = _expansion(baseline, now, 1 - tail)
    return middle - (middle - low) * wider, middle + (high - middle) * wider


def _expansion(baseline: Estimate, now: Estimate, share: float) -> float:
    """Return by how much wider than the resamples' the true interval is."""
    alike = (baseline.likeness + now.likeness) / 2
    lasting = max(alike, baseline.lasting, now.lasting)
    variances, corrected, freedom = [], [], 0.0
    for run in (baseline, now):
        block = block_length(run.intervals)
        blocks = run.intervals / block
        variances.append(float(run.draws.var()))
        corrected.append(variances[-1] * blocks / (blocks - 1) * _cut_off(alike, lasting, block))
        freedom += corrected[-1] ** 2 / (blocks - 1)
    total = sum(variances)
    if total <= 0:
        return 1.0
    freedom = sum(corrected) ** 2 / freedom  # Welch and Satterthwaite
    return math.sqrt(sum(corrected) / total) * _student(share, freedom) / NormalDist().inv_cdf(share)


def _cut_off(alike: float, lasting: float, block: int) -> float:
    """Return the variance of a long mean over what blocks of this length show of it.

    Neighbours are `alike`; from then on the likeness fades to the `lasting` part of it with each interval.
    """
    seen = 1 + 2 * sum((1 - lag / block) * alike * lasting ** (lag - 1) for lag in range(1, block))
    return (1 + 2 * alike / (1 - lasting)) / seen


def _student(share: float, freedom: float) -> float:
    """Return the quantile of Student's t (Abramowitz and Stegun 26.7.5), good to 1 % from 4 degrees on."""
    z = NormalDist().inv_cdf(share)
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
