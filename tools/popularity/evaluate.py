"""Evaluate the predictor on a labelled file, beside simple baselines on the same rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .features import Floats, title_vectors
from .metrics import metrics
from .model import load, predict, text_of
from .rows import Row, read_rows

NEIGHBOURS = 50
RIDGE_PENALTY = 10.0
Metrics = dict[str, float | None]
Progress = Callable[[str], None]


def evaluate(
    data: Path,
    *,
    weights: Path | None = None,
    bank: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Metrics on every row of a CSV (video_id, title, comment_count), for full and for hashtag-blind titles.

    Baselines: the training mean; with a bank of training rows also, for both kinds of title, a ridge on MiniLM vectors
    and k-NN 50 weighted by exp(10 cosine). Bank rows whose video_id is in `data` are left out. A split column is not
    used to choose rows; `splits` says what it held. Raises InputError for a broken CSV, with its line.
    """
    rows, trained = read_rows(data), load(weights)
    known = {row.video_id for row in rows}
    others = [row for row in read_rows(bank) if row.video_id not in known] if bank else []
    if bank and not others:
        raise InputError(f"{bank} holds no videos other than those of {data}; give a bank of training videos.")
    labels = np.array([row.label for row in rows])
    titles = [row.title for row in rows]
    result: dict[str, Any] = {"n": len(rows)}
    for name in ("full", "hashtag_blind"):
        if progress:
            progress(f"scoring {len(rows)} titles ({name})")
        result[name] = metrics(labels, predict(trained, titles, name)[0])
    mean = np.mean([row.label for row in others]) if others else trained.card["mean_label"]
    result["baselines"] = {"mean": metrics(labels, np.full(len(rows), mean)), **_from_bank(others, rows, progress)}
    result["splits"] = {
        name: sum(row.split == name for row in rows) for name in sorted({row.split for row in rows}) if name
    }
    return result


def _from_bank(bank: list[Row], rows: list[Row], progress: Progress | None) -> dict[str, Metrics]:
    found: dict[str, Metrics] = {}
    labels = np.array([row.label for row in rows])
    known = np.array([row.label for row in bank], dtype=np.float32)
    for name, suffix in (("full", ""), ("hashtag_blind", "_hashtag_blind")) if bank else ():
        if progress:
            progress(f"embedding {len(bank)} titles of the bank ({name})")
        stored = title_vectors([text_of(row.title, name) for row in bank])
        asked = title_vectors([text_of(row.title, name) for row in rows])
        found[f"ridge_minilm{suffix}"] = metrics(labels, _ridge(stored, known, asked))
        found[f"knn_{NEIGHBOURS}{suffix}"] = metrics(labels, _nearest(stored, known, asked))
    return found


def _ridge(stored: Floats, known: Floats, asked: Floats) -> NDArray[Any]:
    from sklearn.linear_model import Ridge

    guesses: NDArray[Any] = Ridge(alpha=RIDGE_PENALTY).fit(stored, known).predict(asked)
    return guesses


def _nearest(stored: Floats, known: Floats, asked: Floats) -> NDArray[Any]:
    """Mean label of the nearest titles, weighted by exp(10 cosine)."""
    k = min(NEIGHBOURS, len(known))
    guesses = np.empty(len(asked))
    for start in range(0, len(asked), 1024):  # 1,024 rows at a time keep the similarity table small
        similarity = asked[start : start + 1024] @ stored.T
        top = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
        nearness = np.exp(10 * np.take_along_axis(similarity, top, axis=1))
        guesses[start : start + 1024] = (nearness * known[top]).sum(axis=1) / nearness.sum(axis=1)
    return guesses
