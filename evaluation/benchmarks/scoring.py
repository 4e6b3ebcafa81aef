"""Speed of the predictor: retrieval against a loop over scikit-learn cosines, and scoring one title and many."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

ITEMS = 15_790  # as many as MicroLens-100k has training videos
LOOPED = 200  # items that the slow loop is timed on; its time is proportional to them
K = 10
TITLES = 1000


def seconds(work: Callable[[], Any], times: int = 3) -> float:
    """Median wall-clock seconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def retrieval() -> tuple[float, float]:
    """Seconds to find the K nearest others of every item: by Faiss, and by a loop as MMRA's public code has it."""
    from sklearn.metrics.pairwise import cosine_similarity

    from ...tools.embedding import unit
    from ...tools.popularity.bank import Bank

    vectors = unit(np.random.default_rng(0).normal(size=(ITEMS, 384)).astype(np.float32))
    bank = Bank(vectors, np.zeros(ITEMS, dtype=np.float32))
    own = np.arange(ITEMS)

    def loop() -> None:
        for i in range(LOOPED):
            np.argsort(cosine_similarity(vectors[i : i + 1], vectors)[0])[::-1][:K]

    found = bank.nearest(vectors, K, own)[1]
    exact = np.argsort(-(vectors[:20] @ vectors.T), axis=1)[:, 1 : K + 1]
    if not all(set(a) == set(b) for a, b in zip(found[:20].tolist(), exact.tolist(), strict=True)):
        raise RuntimeError("the fast retrieval does not find the nearest items")
    return seconds(lambda: bank.nearest(vectors, K, own)), seconds(loop) * ITEMS / LOOPED


def scoring() -> tuple[float, float]:
    """Seconds for one title, warm, and titles a second in batch: distinct titles of about eight words."""
    from ...tools.popularity.predictor import score_titles
    from .attacks import starter_titles

    some = starter_titles()
    titles = [f"{some[i % len(some)]} part {i}" for i in range(TITLES)]
    score_titles(titles[:1])
    one = seconds(lambda: score_titles(titles[:1]), 15)
    return one, TITLES / seconds(lambda: score_titles(titles), 3)


def main() -> None:
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    fast, slow = retrieval()
    one, rate = scoring()
    table = Table(title="The predictor")
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_row(f"the {K} nearest of each of {ITEMS:,} items (Faiss)", f"{fast:.2f} s")
    table.add_row("baseline: a Python loop over scikit-learn cosines (scaled up)", f"{slow:,.0f} s")
    table.add_row("baseline / Faiss", f"{slow / fast:,.0f}x")
    table.add_row("scoring one title, warm", f"{1000 * one:.1f} ms")
    table.add_row(f"scoring {TITLES} titles in batch", f"{rate:.0f} titles/s")
    Console(width=90).print(table)


if __name__ == "__main__":
    main()
