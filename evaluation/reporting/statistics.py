"""Paired statistics over queries: intervals by cluster bootstrap, exact sign tests, and what a study can tell apart.

A query is the unit that is resampled: trials of one query with several seeds are no independent witnesses.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 2000
LEVEL = 0.95
ALPHA = 0.05
POWER = 0.80
_SEED = 20260207

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; `n` observations of `queries` queries. All NaN where there is no observation."""

    value: float
    low: float
    high: float
    n: int
    queries: int


@dataclass(frozen=True, slots=True)
class WinRate:
    """A against B: `rate` counts a tie as half, `decided` leaves ties out; shares from 0 to 1.

    `p` is the exact sign test over queries, each a win or a loss by the majority of its seeds.
    """

    wins: int
    ties: int
    losses: int
    rate: Estimate
    decided: Estimate
    p: float

    @property
    def n(self) -> int:
        """Pairs of trials compared."""
        return self.wins + self.ties + self.losses

    @property
    def tie_share(self) -> float:
        """Share of pairs that are ties; NaN without pairs."""
        return self.ties / self.n if self.n else float("nan")


@lru_cache(maxsize=64)
def resamples(queries: int, count: int = RESAMPLES) -> Floats:
    """How often each query is drawn, shape (count, queries); the same draws for every figure, so that gaps are paired.

    Its first row is the sample itself.
    """
    drawn = np.random.default_rng(_SEED).multinomial(queries, np.full(queries, 1 / queries), size=count - 1)
    return np.vstack([np.ones((1, queries)), drawn]).astype(np.float64)


def outcomes(a: ArrayLike, b: ArrayLike) -> Floats:
    """1, 0.5 or 0 for each pair: A above B, equal, below. NaN is a failed trial and loses against a finished one."""
    first, second = (np.nan_to_num(np.asarray(side, dtype=np.float64), nan=-np.inf) for side in (a, b))
    return np.where(first > second, 1.0, np.where(first < second, 0.0, 0.5))


def win_rate(results: ArrayLike, query: ArrayLike) -> WinRate:
    """Win rate from the outcome (1, 0.5, 0) of each pair and the number of its query; both of shape (n,)."""
    from scipy.stats import binomtest

    result, which = np.asarray(results, dtype=np.float64), np.asarray(query)
    wins, losses = int((result > 0.5).sum()), int((result < 0.5).sum())
    sums, counts = per_query(result, which), per_query(np.ones_like(result), which)
    majority = sums / counts - 0.5 if len(counts) else sums
    above, below = int((majority > 1e-9).sum()), int((majority < -1e-9).sum())
    tied = result == 0.5
    return WinRate(
        wins=wins,
        ties=int(tied.sum()),
        losses=losses,
        rate=ratio(sums, counts),
        decided=ratio(per_query((~tied) * result, which), per_query((~tied).astype(float), which)),
        p=float(binomtest(above, above + below).pvalue) if above + below else 1.0,
    )


def ratio(sums: ArrayLike, counts: ArrayLike) -> Estimate:
    """A share from 0 to 1 as sum over count of each query, with its interval by bootstrap over queries.

    Where all queries agree the bootstrap knows no spread: the interval is then Wilson's for so many queries.
    """
    top, bottom = np.asarray(sums, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    seen = bottom > 0
    top, bottom = top[seen], bottom[seen]
    queries, n = len(bottom), int(bottom.sum())
    if not queries:
        return nothing()
    value = float(top.sum() / n)
    if np.ptp(top / bottom) < 1e-12:
        from statsmodels.stats.proportion import proportion_confint

        low, high = proportion_confint(value * queries, queries, alpha=1 - LEVEL, method="wilson")
        return Estimate(value, float(low), float(high), n, queries)
    drawn = resamples(queries)
    return _interval(value, (drawn @ top) / (drawn @ bottom), n, queries)


def mean_gap(first: ArrayLike, second: ArrayLike, query: ArrayLike) -> Estimate:
    """Mean of first minus second over the same pairs, with its interval by bootstrap over queries."""
    gap, which = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64), np.asarray(query)
    sums, counts = per_query(gap, which), per_query(np.ones_like(gap), which)
    if not len(counts):
        return nothing()
    drawn = resamples(len(counts))
    return _interval(float(gap.mean()), (drawn @ sums) / (drawn @ counts), len(gap), len(counts))


def median(values: ArrayLike, query: ArrayLike) -> Estimate:
    """The median of the values that are not NaN, with its interval by bootstrap over queries."""
    value, which = np.asarray(values, dtype=np.float64), np.asarray(query)
    known = ~np.isnan(value)
    value, which = value[known], which[known]
    if not len(value):
        return nothing()
    _, place = np.unique(which, return_inverse=True)
    queries, order = int(place.max()) + 1, np.argsort(value, kind="stable")
    drawn = resamples(queries)[:, place[order]]
    running = np.cumsum(drawn, axis=1)
    half = running[:, -1:] / 2
    ranked = value[order]  # the middle one, or the mean of the middle two, as numpy does
    middle = (ranked[np.argmax(running >= half, axis=1)] + ranked[np.argmax(running > half, axis=1)]) / 2
    return _interval(float(np.median(value)), middle, len(value), queries)


def correlation(first: ArrayLike, second: ArrayLike, query: ArrayLike) -> Estimate:
    """Spearman's rank correlation with its interval by bootstrap over queries; NaN where a side is constant."""
    from scipy.stats import rankdata

    one, two = (rankdata(np.asarray(side, dtype=np.float64)) for side in (first, second))
    if len(one) < 3 or not np.ptp(one) or not np.ptp(two):
        return nothing()
    _, place = np.unique(np.asarray(query), return_inverse=True)
    queries = int(place.max()) + 1
    weight = resamples(queries)
    moments = [per_query(part, place) for part in (np.ones_like(one), one, two, one * one, two * two, one * two)]
    total, sum1, sum2, square1, square2, product = (weight @ moment for moment in moments)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt((square1 - sum1**2 / total) * (square2 - sum2**2 / total))
        drawn = (product - sum1 * sum2 / total) / spread
    return _interval(float(drawn[0]), drawn, len(one), queries)


def holm(p: list[float]) -> list[float]:
    """The p-values corrected for all comparisons of one table, by Holm's method."""
    from statsmodels.stats.multitest import multipletests

    return [float(value) for value in multipletests(p, method="holm")[1]] if p else []


def verdict(compared: WinRate, corrected: float) -> str:
    """`A better`, `B better`, or `undecided` where the interval holds 50 % or the corrected p is 0.05 or more."""
    if corrected >= ALPHA or not compared.n or compared.rate.low <= 0.5 <= compared.rate.high:
        return "undecided"
    return "A better" if compared.rate.value > 0.5 else "B better"


def queries_needed(rate: float = 0.55, ties: float = 0.0) -> int | None:
    """Queries for which a sign test tells `rate` from 50 % with 80 % power at 5 %, where `ties` of them are ties.

    By the normal approximation; None where so many ties leave no room for such a rate.
    """
    from statsmodels.stats.power import NormalIndPower
    from statsmodels.stats.proportion import proportion_effectsize

    if not 0 <= ties < 1:
        return None
    decided = 0.5 + (rate - 0.5) / (1 - ties)  # the win rate among the pairs that are no ties
    if not 0 < decided < 1:
        return None
    effect = abs(proportion_effectsize(decided, 0.5))
    count = NormalIndPower().solve_power(effect_size=effect, power=POWER, alpha=ALPHA, ratio=0)
    return int(np.ceil(float(np.squeeze(count)) / (1 - ties)))


def per_query(values: ArrayLike, query: ArrayLike) -> Floats:
    """The sum of the values of each query, in the order of the queries' numbers."""
    which = np.asarray(query)
    if not len(which):
        return np.zeros(0)
    names, place = np.unique(which, return_inverse=True)
    return np.bincount(place, weights=np.asarray(values, dtype=np.float64), minlength=len(names)).astype(np.float64)


def nothing() -> Estimate:
    """The estimate of no observation."""
    return Estimate(float("nan"), float("nan"), float("nan"), 0, 0)


def _interval(value: float, drawn: NDArray[Any], n: int, queries: int) -> Estimate:
    if np.isnan(drawn).all():
        return Estimate(value, float("nan"), float("nan"), n, queries)
    low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, float(low), float(high), n, queries)
