"""Global metrics of a predictor, with intervals."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def metrics(labels: NDArray[Any], guesses: NDArray[Any]) -> dict[str, float | None]:
    """nMSE = mean squared error / variance of the labels, Spearman rank correlation (SRC), mean absolute error (MAE).

    None where a figure is not defined: nMSE for labels that are all equal, SRC for a constant on either side.
    """
    from scipy.stats import rankdata

    labels, guesses = np.asarray(labels, dtype=np.float64), np.asarray(guesses, dtype=np.float64)
    errors, variance = labels - guesses, labels.var()
    varies = np.ptp(labels) > 0 and np.ptp(guesses) > 0
    src = np.corrcoef(rankdata(labels), rankdata(guesses))[0, 1] if varies else None
    return {
        "nmse": round(float(np.mean(errors**2) / variance), 6) if variance > 0 else None,
        "src": None if src is None else round(float(src), 6),
        "mae": round(float(np.mean(np.abs(errors))), 6),
    }


def bootstrap(
    labels: NDArray[Any], guesses: NDArray[Any], *, resamples: int = 1000, seed: int = 0
) -> dict[str, list[float] | None]:
    """95 % percentile-bootstrap intervals over the rows for what `metrics` gives; None where a figure is not
    defined."""
    rng = np.random.default_rng(seed)
    found: dict[str, list[float]] = {"nmse": [], "src": [], "mae": []}
    for _ in range(resamples):
        rows = rng.integers(0, len(labels), len(labels))
        for name, value in metrics(labels[rows], guesses[rows]).items():
            if value is not None:
                found[name].append(value)
    return {
        name: [round(float(q), 4) for q in np.quantile(values, [0.025, 0.975])] if values else None
        for name, values in found.items()
    }


def interval_of(residuals: NDArray[Any], nominal: float) -> tuple[float, float]:
    """Offsets to a prediction between which the nominal share of the residuals lie, equal shares beyond each end."""
    tail = (1 - nominal) / 2
    low, high = np.quantile(residuals, [tail, 1 - tail])
    return float(low), float(high)


def top_decile_lift(labels: NDArray[Any], guesses: NDArray[Any]) -> float | None:
    """How many times more of the top tenth by label stand in the top tenth by guess than by chance; None below 20 rows.

    Ties at the edge of a tenth are broken by order.
    """
    count = len(labels) // 10
    if count < 2:
        return None
    best = set(np.argsort(-np.asarray(labels), kind="stable")[:count].tolist())
    hits = len(best & set(np.argsort(-np.asarray(guesses), kind="stable")[:count].tolist()))
    return round(hits / count / (count / len(labels)), 3)
