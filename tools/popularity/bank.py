"""What MMRA retrieves from: single videos of the user's own, or the shipped prototypes, each the mean of many
videos."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ..embedding import unit
from .features import Floats

PROTOTYPES = 1500  # clusters asked for; those with fewer than MEMBERS titles are dropped
MEMBERS = 5  # a prototype is a statistic over many titles, never the vector of one
PRIOR = 5.0  # weight of the overall mean in a prototype's label, in videos
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Bank:
    """Unit vectors (n, d) with labels (n,) in log2 comments, and for single videos the hashed counts of a Reading."""

    vectors: Floats
    labels: Floats
    words: Any = None
    characters: Any = None
    visual: Floats | None = None  # (n, F, v) frame vectors
    text: Floats | None = None  # (n, d) what a network reads of a case, where that is not what it is found by

    @cached_property
    def index(self) -> Any:
        """Exact inner-product search (Faiss)."""
        import faiss

        index = faiss.IndexFlatIP(self.vectors.shape[1])
        index.add(np.ascontiguousarray(self.vectors))
        return index

    def nearest(self, vectors: Floats, k: int, own: Indices | None = None) -> tuple[Floats, Indices]:
        """Cosines (n, k) and rows (n, k) of the nearest videos; `own` (n,) names each query's own row, left out.

        k is lowered to what the bank holds.
        """
        k = min(k, len(self.labels) - (own is not None))
        similarity, rows = self.index.search(np.ascontiguousarray(vectors), k + (own is not None))
        if own is None:
            return similarity, rows
        kept = rows != own[:, None]
        kept[kept.all(axis=1), -1] = False  # an exact copy took the place of the query: drop the farthest
        return similarity[kept].reshape(len(own), k), rows[kept].reshape(len(own), k)


@dataclass(frozen=True)
class Clusters:
    """Centres (c, d) of the kept clusters and the cluster of each video (n,), -1 where it was dropped."""

    centres: Floats
    member_of: Indices


def cluster(vectors: Floats, count: int, seed: int) -> Clusters:
    """k-means clusters with at least MEMBERS videos, their centres rounded as they are stored."""
    from sklearn.cluster import MiniBatchKMeans

    count = max(2, min(count, len(vectors) // (2 * MEMBERS)))
    model = MiniBatchKMeans(
        count, random_state=seed, n_init=1, batch_size=2048, max_iter=50, reassignment_ratio=0.0
    ).fit(vectors)
    kept = np.bincount(model.labels_, minlength=count) >= MEMBERS
    place = np.where(kept, np.cumsum(kept) - 1, -1)
    centres = model.cluster_centers_[kept].astype(np.float16).astype(np.float32)
    return Clusters(cast(Floats, centres), place[model.labels_])


def prototypes(clusters: Clusters, labels: Floats) -> Bank:
    """A bank of cluster means with smoothed mean labels: (sum + PRIOR * overall mean) / (videos + PRIOR)."""
    sums, sizes = _sums(clusters, labels)
    smoothed = (sums + PRIOR * labels.mean()) / (sizes + PRIOR)
    return Bank(unit(clusters.centres), smoothed.astype(np.float32))


def means(clusters: Clusters, values: Floats) -> Floats:
    """Mean (c, ...) of the values (n, ...) of each prototype's videos; zeros for a cluster without one."""
    member = clusters.member_of >= 0
    found = np.zeros((len(clusters.centres), *values.shape[1:]), dtype=np.float32)
    np.add.at(found, clusters.member_of[member], values[member])
    sizes = np.maximum(np.bincount(clusters.member_of[member], minlength=len(found)), 1).astype(np.float32)
    return cast(Floats, found / sizes.reshape(-1, *(1 for _ in values.shape[1:])))


def labels_without_own(clusters: Clusters, labels: Floats, rows: Indices) -> Floats:
    """Labels (n, k) of retrieved prototypes (n, k) in which each video does not count itself."""
    sums, sizes = _sums(clusters, labels)
    own = clusters.member_of[:, None] == rows
    mean = PRIOR * labels.mean()
    others = (sums[rows] - labels[:, None] + mean) / (sizes[rows] - 1 + PRIOR)
    return cast(Floats, np.where(own, others, (sums[rows] + mean) / (sizes[rows] + PRIOR)).astype(np.float32))


def _sums(clusters: Clusters, labels: Floats) -> tuple[NDArray[Any], NDArray[Any]]:
    member = clusters.member_of >= 0
    place, count = clusters.member_of[member], len(clusters.centres)
    return (
        np.bincount(place, weights=labels[member], minlength=count),
        np.bincount(place, minlength=count),
    )


def weighted(similarity: Floats, labels: Floats) -> Floats:
    """Mean of the neighbours' labels (n, k) with the weights exp(10 * similarity) (n, k): (n,)."""
    nearness = np.exp(10 * similarity)
    return cast(Floats, (nearness * labels).sum(axis=1) / nearness.sum(axis=1))
