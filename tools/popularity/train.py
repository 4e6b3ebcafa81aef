"""Train the popularity predictor. A small run for a try: a CSV with 400 rows takes about 10 seconds on a CPU.

Read top to bottom: `train` fits, for hashtag-blind and for full titles, a ridge on hashed words and a ridge on nearness
to topic centres, and stacks the two. Rows with split `train` fit weights; rows with split `valid` choose the ridge
penalties and set the interval, the percentiles and the noise; no `valid` row reaches a weight.
"""

import datetime
import importlib.metadata
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from ..errors import InputError
from .features import Floats, squared_distances, title_vectors, topic_rows, word_counts, word_rows
from .metrics import metrics
from .model import VARIANTS, Linear, save, text_of
from .rows import Row, read_rows

Progress = Callable[[str], None]
"""Called with what is being done, in words."""

MINIMUM_ROWS = 200
TOPICS = 512  # clusters asked for; those with fewer than MEMBERS titles are dropped
MEMBERS = 5  # a centre is a statistic over many titles, never the vector of one
WORD_PENALTIES = (1.0, 2.0, 4.0, 8.0)
TOPIC_PENALTIES = (0.1, 0.3, 1.0, 3.0)
FOLDS = 5
RESAMPLES = 8
COVERAGE = 0.8


@dataclass(frozen=True)
class Split:
    """One split in one variant: hashed word counts (n, BUCKETS), sentence vectors (n, 384), log2 comments (n,)."""

    counts: Any
    vectors: Floats
    labels: Floats

    def take(self, index: Any) -> "Split":
        """The rows of an index array."""
        return Split(self.counts[index], self.vectors[index], self.labels[index])


def train(data: Path, out: Path, *, seed: int = 0, progress: Progress | None = None) -> dict[str, Any]:
    """Train on a CSV (video_id, title, comment_count, split), write the weights to `out`, return their card.

    Without a split column a tenth of the rows, drawn by the seed, is held out. Raises InputError for data that cannot
    be read or is too small.
    """
    from threadpoolctl import threadpool_limits

    tell = progress or (lambda message: None)
    # Where the cores cannot be counted (some containers) the clustering would warn; it runs on one thread anyway.
    os.environ.setdefault("LOKY_MAX_CPU_COUNT", "1")
    fit_rows, held_rows = split_rows(read_rows(data), seed)
    models, variants = {}, {}
    for name in VARIANTS:
        fitting = features(fit_rows, name, tell)
        held = features(held_rows, name, tell)
        tell(f"fitting ({name})")
        with threadpool_limits(1):  # sums in one order: equal seeds give equal bytes
            models[name], variants[name] = fit_variant(fitting, held, seed)
    card = {
        "name": "popcorn-agents popularity predictor, hashed words and topics",
        "data": data.name,
        "label": "log2(comments)",
        "n": {"train": len(fit_rows), "valid": len(held_rows)},
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": {name: importlib.metadata.version(name) for name in ("popcorn-agents", "numpy", "scikit-learn")},
        "seed": seed,
        "mean_label": float(np.mean([row.label for row in fit_rows])),
        "noise": variants["hashtag_blind"]["noise"],
        "noise_meaning": "Percentile points; the typical (median) standard deviation of the difference in percentile "
        "of a held-out title and its nearest held-out neighbour, over predictors trained on bootstrap resamples.",
        "limits": "A rank among MicroLens videos by title alone; the hashtag-blind score explains about a tenth of the "
        "variance of log2 comments. It is no promise of popularity.",
        "variants": variants,
    }
    save(out, models, card)
    return card


def split_rows(rows: list[Row], seed: int) -> tuple[list[Row], list[Row]]:
    """Rows to fit and rows held out."""
    fitting = [row for row in rows if row.split == "train"]
    held = [row for row in rows if row.split == "valid"]
    if not fitting or not held:
        order = np.random.default_rng(seed).permutation(len(rows))
        held = [rows[i] for i in order[: len(rows) // 10]]
        fitting = [rows[i] for i in order[len(rows) // 10 :]]
    if len(fitting) + len(held) < MINIMUM_ROWS or len(held) < MINIMUM_ROWS // 10:
        raise InputError(f"{len(rows)} titles are too few to train on; give at least {MINIMUM_ROWS}.")
    return fitting, held


def features(rows: list[Row], variant: str, tell: Progress) -> Split:
    """What the model reads of the rows."""

    def count(done: int, total: int) -> None:
        tell(f"embedding titles ({variant}): {done} of {total}")

    texts = [text_of(row.title, variant) for row in rows]
    labels = np.array([row.label for row in rows], dtype=np.float32)
    return Split(word_counts(texts), title_vectors(texts, count), labels)


def fit_variant(fitting: Split, held: Split, seed: int) -> tuple[Linear, dict[str, Any]]:
    """The model and its entry in the card: penalties, interval, quantiles, reach, noise, metrics, ablation."""
    idf = inverse_frequencies(fitting.counts)
    centres = topic_centres(fitting.vectors, seed)
    word_penalty = best_penalty(WORD_PENALTIES, fitting, held, lambda part: word_rows(part.counts, idf))
    topic_penalty = best_penalty(TOPIC_PENALTIES, fitting, held, lambda part: topics_of(part, centres))
    penalties = (word_penalty, topic_penalty)
    model = rounded(fit(fitting, idf, centres, penalties, seed))
    scores = model.predict(held.counts, squared_distances(held.vectors, centres))
    nearest = squared_distances(held.vectors, centres).min(axis=1)
    low, high = interval(held.labels - scores)
    entry = {
        "penalties": {"words": word_penalty, "topics": topic_penalty},
        "interval": {"nominal": COVERAGE, "low": low, "high": high},
        "coverage": coverage(held.labels - scores, seed),
        "quantiles": [round(float(q), 5) for q in np.quantile(scores, np.linspace(0, 1, 101))],
        "reach": float(np.quantile(nearest, 0.99)),
        "noise": measured_noise(fitting, held, idf, centres, penalties, seed),
        "metrics": metrics(held.labels, scores),
        "ablation": ablation(fitting, held, idf, centres, penalties),
    }
    return model, entry


def inverse_frequencies(counts: Any) -> Floats:
    """Smoothed inverse document frequency of each hashed word, shape (BUCKETS,), rounded as it is stored."""
    seen = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log((1 + counts.shape[0]) / (1 + seen)) + 1
    return cast(Floats, idf.astype(np.float16).astype(np.float32))


def topic_centres(vectors: Floats, seed: int) -> Floats:
    """Centres of k-means clusters with at least MEMBERS titles, shape (k, 384), rounded as they are stored."""
    from sklearn.cluster import MiniBatchKMeans

    clusters = max(2, min(TOPICS, len(vectors) // (4 * MEMBERS)))
    model = MiniBatchKMeans(
        clusters, random_state=seed, n_init=1, batch_size=2048, max_iter=50, reassignment_ratio=0.0
    ).fit(vectors)
    kept = np.bincount(model.labels_, minlength=clusters) >= MEMBERS
    return cast(Floats, model.cluster_centers_[kept].astype(np.float16).astype(np.float32))


def topics_of(part: Split, centres: Floats) -> Floats:
    """The topic features of a split, shape (n, k)."""
    return topic_rows(squared_distances(part.vectors, centres))


def ridge(rows: Any, labels: Floats, penalty: float) -> tuple[Floats, float]:
    """Weights (features,) and intercept of a ridge regression."""
    from sklearn.linear_model import Ridge

    sparse = not isinstance(rows, np.ndarray)
    model = Ridge(alpha=penalty, solver="sparse_cg" if sparse else "cholesky", tol=1e-4).fit(rows, labels)
    return model.coef_.astype(np.float32), float(model.intercept_)


def best_penalty(penalties: tuple[float, ...], fitting: Split, held: Split, rows: Callable[[Split], Any]) -> float:
    """The penalty with the smallest squared error on the held-out rows."""
    fit_rows, held_rows = rows(fitting), rows(held)

    def error(penalty: float) -> float:
        weights, bias = ridge(fit_rows, fitting.labels, penalty)
        return float(np.mean((held_rows @ weights + bias - held.labels) ** 2))

    return min(penalties, key=error)


def fit(part: Split, idf: Floats, centres: Floats, penalties: tuple[float, float], seed: int) -> Linear:
    """Both ridges on all rows of the part, stacked with weights from out-of-fold predictions, as one linear model."""
    word_part, topic_part = word_rows(part.counts, idf), topics_of(part, centres)
    guesses = np.stack(
        [
            out_of_fold(rows, part.labels, penalty, seed)
            for rows, penalty in zip((word_part, topic_part), penalties, strict=True)
        ],
        axis=1,
    )
    (word_share, topic_share), bias = ridge(guesses, part.labels, 0.0)
    words, word_bias = ridge(word_part, part.labels, penalties[0])
    topics, topic_bias = ridge(topic_part, part.labels, penalties[1])
    bias += float(word_share) * word_bias + float(topic_share) * topic_bias
    return Linear(idf, word_share * words, centres, topic_share * topics, bias)


def out_of_fold(rows: Any, labels: Floats, penalty: float, seed: int) -> Floats:
    """For each row the prediction of a ridge that was fitted without its fold, shape (n,)."""
    folds = np.random.default_rng(seed).permutation(len(labels)) % FOLDS
    guesses = np.empty(len(labels), dtype=np.float32)
    for fold in range(FOLDS):
        weights, bias = ridge(rows[folds != fold], labels[folds != fold], penalty)
        guesses[folds == fold] = rows[folds == fold] @ weights + bias
    return guesses


def rounded(model: Linear) -> Linear:
    """The model as it will be read back: word weights in half precision."""
    return replace(model, words=model.words.astype(np.float16).astype(np.float32))


def interval(residuals: Floats) -> tuple[float, float]:
    """Offsets to the prediction between which COVERAGE of the residuals lie, the same share beyond each end."""
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(residuals, [tail, 1 - tail])
    return float(low), float(high)


def coverage(residuals: Floats, seed: int) -> float:
    """Share of held-out rows inside an interval set on the other half of the held-out rows; 20 random halvings."""
    rng = np.random.default_rng(seed)
    shares = []
    for _ in range(20):
        setting, rest = np.array_split(rng.permutation(residuals), 2)
        low, high = interval(setting)
        shares.append(np.mean((rest >= low) & (rest <= high)))
    return float(np.mean(shares))


def measured_noise(
    fitting: Split, held: Split, idf: Floats, centres: Floats, penalties: tuple[float, float], seed: int
) -> float:
    """The change of percentile that counts as none; its meaning stands in the card."""
    rng = np.random.default_rng(seed)
    gaps = squared_distances(held.vectors, centres)
    likeness = held.vectors @ held.vectors.T
    likeness[likeness > 0.999] = -1  # the title itself and its exact copies
    neighbour = likeness.argmax(axis=1)
    gains = []
    for _ in range(RESAMPLES):
        sample = fitting.take(rng.integers(0, len(fitting.labels), len(fitting.labels)))
        scores = fit(sample, idf, centres, penalties, seed).predict(held.counts, gaps)
        ranks = 100 * np.searchsorted(np.sort(scores), scores) / len(scores)
        gains.append(ranks[neighbour] - ranks)
    return float(np.median(np.std(gains, axis=0, ddof=1)))


def ablation(
    fitting: Split, held: Split, idf: Floats, centres: Floats, penalties: tuple[float, float]
) -> dict[str, dict[str, float | None]]:
    """Held-out metrics of each part alone, and of the plain ridge on sentence vectors."""
    parts: dict[str, tuple[Callable[[Split], Any], float]] = {
        "words": (lambda part: word_rows(part.counts, idf), penalties[0]),
        "topics": (lambda part: topics_of(part, centres), penalties[1]),
        "ridge_minilm": (lambda part: part.vectors, 10.0),
    }
    found = {}
    for name, (rows, penalty) in parts.items():
        weights, bias = ridge(rows(fitting), fitting.labels, penalty)
        found[name] = metrics(held.labels, rows(held) @ weights + bias)
    return found
