"""The reference's baselines, fitted on a bank of single videos."""

from typing import Any

import numpy as np

from .bank import Bank, weighted
from .features import Floats, inverse_frequencies, tfidf_rows
from .parts import NEIGHBOURS
from .reading import Reading

PENALTIES = {"ridge_minilm": 10.0, "ridge_words": 2.0, "ridge_characters": 4.0}
FOLDS = 5


def fit_baselines(bank: Bank, asked: Reading) -> dict[str, Floats]:
    """log2 comments (n,) by each baseline.

    ridge_minilm: ridge on sentence vectors. ridge_words, ridge_characters: ridge on hashed TF-IDF n-grams. knn_50:
    the 50
    nearest by sentence vector, weighted by exp(10 cosine). stack: least squares over these, none negative, with weights
    from out-of-fold predictions of the bank.
    """
    own = np.arange(len(bank.labels))
    inside: dict[str, Floats] = {}
    outside: dict[str, Floats] = {}
    for guesses, vectors, left_out in ((inside, bank.vectors, own), (outside, asked.vectors, None)):
        similarity, rows = bank.nearest(vectors, NEIGHBOURS, left_out)
        guesses[f"knn_{NEIGHBOURS}"] = weighted(similarity, bank.labels[rows])
    for name, stored, others in (
        ("ridge_minilm", bank.vectors, asked.vectors),
        ("ridge_words", *_tfidf(bank.words, asked.words)),
        ("ridge_characters", *_tfidf(bank.characters, asked.characters)),
    ):
        inside[name], outside[name] = _ridge(stored, bank.labels, others, PENALTIES[name])
    return {**outside, "stack": _stack(inside, bank.labels, outside)}


def _tfidf(stored: Any, others: Any) -> tuple[Any, Any]:
    idf = inverse_frequencies(stored)
    return tfidf_rows(stored, idf), tfidf_rows(others, idf)


def _ridge(rows: Any, known: Floats, others: Any, penalty: float) -> tuple[Floats, Floats]:
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=penalty, solver="cholesky" if isinstance(rows, np.ndarray) else "sparse_cg", tol=1e-3)
    folds = np.random.default_rng(0).permutation(len(known)) % FOLDS
    inside = np.empty(len(known), dtype=np.float32)
    for fold in range(FOLDS):
        inside[folds == fold] = model.fit(rows[folds != fold], known[folds != fold]).predict(rows[folds == fold])
    return inside, model.fit(rows, known).predict(others)


def _stack(inside: dict[str, Floats], known: Floats, outside: dict[str, Floats]) -> Floats:
    from sklearn.linear_model import LinearRegression

    model = LinearRegression(positive=True).fit(np.stack(list(inside.values()), axis=1).astype(np.float64), known)
    guesses: Floats = model.predict(np.stack([outside[name] for name in inside], axis=1))
    return guesses
