"""Stack the parts of a predictor, and say what each of them adds."""

from typing import Any

import numpy as np

from .features import Floats
from .metrics import interval_of, metrics

COVERAGE = 0.8  # nominal share of labels inside the stated interval


def fit_mode(
    parts: tuple[str, ...], guesses: Floats, labels: Floats, asked: Floats, held: Floats, seed: int
) -> dict[str, Any]:
    """Stack the parts on out-of-fold guesses (n, parts); measure on what they say of the held-out rows (m, parts)."""
    shares, bias = stack(guesses, labels)
    scores = asked @ shares + np.float32(bias)
    low, high = interval_of(held - scores, COVERAGE)
    return {
        "stack": dict(zip(parts, (float(share) for share in shares), strict=True)),
        "bias": bias,
        "interval": {"nominal": COVERAGE, "low": low, "high": high},
        "coverage": coverage(held - scores, seed),
        "quantiles": [round(float(q), 5) for q in np.quantile(scores, np.linspace(0, 1, 101))],
        "metrics": metrics(held, scores),
        "ablation": ablation(parts, guesses, labels, asked, held),
    }


def stack(guesses: Floats, labels: Floats) -> tuple[Floats, float]:
    """Shares (parts,), none negative, and bias of the least-squares combination."""
    from sklearn.linear_model import LinearRegression

    model = LinearRegression(positive=True).fit(guesses.astype(np.float64), labels)
    return model.coef_.astype(np.float32), float(model.intercept_)


def ablation(
    parts: tuple[str, ...], guesses: Floats, labels: Floats, asked: Floats, held: Floats
) -> dict[str, dict[str, dict[str, float | None]]]:
    """Held-out metrics of each part alone, and of the stack without it."""
    found = {}
    for i, name in enumerate(parts):
        rest = [j for j in range(len(parts)) if j != i]
        shares, bias = stack(guesses[:, rest], labels)
        found[name] = {"alone": metrics(held, asked[:, i]), "without": metrics(held, asked[:, rest] @ shares + bias)}
    return found


def coverage(residuals: Floats, seed: int) -> float:
    """Share of held-out rows inside an interval set on the other half of the held-out rows; 20 random halvings."""
    rng = np.random.default_rng(seed)
    shares = []
    for _ in range(20):
        setting, rest = np.array_split(rng.permutation(residuals), 2)
        low, high = interval_of(setting, COVERAGE)
        shares.append(np.mean((rest >= low) & (rest <= high)))
    return float(np.mean(shares))
