"""Bradley-Terry ranking of systems from paired outcomes, with intervals by bootstrap over queries."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .statistics import LEVEL, Estimate, resamples

DRAWS = 500  # rankings cost more than rates
PRIOR = 1.0  # one draw between each two, so that a system that only wins has a finite strength


@dataclass(frozen=True, slots=True)
class Rank:
    """A system's place (1 is best) with its interval, and its expected win rate against an average other system."""

    system: str
    place: int
    best: int
    worst: int
    strength: Estimate


def rank(systems: list[str], counts: NDArray[np.float64], pairs: int) -> list[Rank]:
    """Rank from counts of shape (queries, systems * (systems - 1) / 2, 3): wins of the first, ties, its losses.

    The second axis goes through `combinations(systems, 2)`; `pairs` is the number of comparisons behind the counts.
    Best first; intervals are 95 %.
    """
    drawn = resamples(len(counts), DRAWS) @ counts.reshape(len(counts), -1)
    strengths = np.array([_strengths(len(systems), row.reshape(-1, 3)) for row in drawn])
    places = (strengths[:, None, :] > strengths[:, :, None]).sum(axis=2) + 1
    edges = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low, high = np.quantile(strengths, edges, axis=0)
    first, last = np.quantile(places, edges, axis=0, method="nearest")
    found = [
        Rank(
            system=name,
            place=int(places[0, i]),
            best=int(first[i]),
            worst=int(last[i]),
            strength=Estimate(float(strengths[0, i]), float(low[i]), float(high[i]), pairs, len(counts)),
        )
        for i, name in enumerate(systems)
    ]
    return sorted(found, key=lambda one: -one.strength.value)


def _strengths(count: int, tallies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Expected win rate of each system against an average other one; the fit itself is evalica's."""
    from evalica import Winner, bradley_terry

    left, right, winner, weight = [], [], [], []
    for (i, j), (wins, ties, losses) in zip(combinations(range(count), 2), tallies, strict=True):
        left += [i] * 3
        right += [j] * 3
        winner += [Winner.X, Winner.Draw, Winner.Y]
        weight += [float(wins), float(ties + PRIOR), float(losses)]
    fitted = bradley_terry(left, right, winner, weights=weight, limit=1000)
    score = fitted.scores.sort_index().to_numpy()
    beats = score[:, None] / (score[:, None] + score[None, :])
    expected: NDArray[np.float64] = (beats.sum(axis=1) - 0.5) / (count - 1)
    return expected
