"""Global metrics of a predictor."""

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
