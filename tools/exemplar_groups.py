"""Which videos of a tag count as popular, and which as unpopular."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Split = Literal["quartile", "paper"]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Group:
    """Row numbers of a tag's popular and unpopular videos; both are empty where counts do not tell videos apart."""

    popular: Rows
    unpopular: Rows

    def side(self, popular: bool) -> Rows:
        """The rows of one side."""
        return self.popular if popular else self.unpopular


def wanted(k: int, split: Split) -> tuple[int, int]:
    """How many of k exemplars shall be popular and unpopular: half and half, or the paper's 90 % and 10 %."""
    popular = math.ceil(k / 2) if split == "quartile" else math.ceil(k * 0.9)
    return popular, k - popular


def split_counts(rows: Rows, counts: NDArray[np.float64], split: Split) -> Group:
    """Split a tag's rows by their comment counts (counts is indexed by row).

    quartile: the top against the bottom quarter. Equal counts stay together, so a tie at the border is in as a whole,
    and no count is ever in both groups. paper: the lowest 10 % by rank (at least one) against all others.
    """
    empty = np.array([], dtype=np.int64)
    if len(rows) < 2:
        return Group(empty, empty)
    ranked = rows[np.argsort(counts[rows], kind="stable")]
    if split == "paper":
        border = max(1, int(len(ranked) * 0.1))
        return Group(popular=ranked[border:], unpopular=ranked[:border])
    values, quarter = counts[ranked], max(1, len(ranked) // 4)
    low, high = values[quarter - 1], values[-quarter]
    if low < high:
        return Group(popular=ranked[values >= high], unpopular=ranked[values <= low])
    if values[-1] > low:  # more than half share the lowest count that matters: whoever is above it is popular
        return Group(popular=ranked[values > low], unpopular=ranked[values <= low])
    if values[0] < high:
        return Group(popular=ranked[values == high], unpopular=ranked[values < high])
    return Group(empty, empty)
