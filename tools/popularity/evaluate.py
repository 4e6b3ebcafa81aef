"""Evaluate the predictor on a labelled file, beside the reference's baselines on the same rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from .bank import Bank
from .baselines import fit_baselines
from .features import Floats
from .metrics import bootstrap, metrics, top_decile_lift
from .model import Weights, bank_of, load, mode_of, predict_reading, text_of
from .predictor import judge_folder
from .reading import read
from .rows import read_rows

NEAR = 0.95  # cosine from which two titles are near-duplicates
Progress = Callable[[str], None]


def evaluate(
    data: Path,
    *,
    weights: Path | None = None,
    bank: Path | None = None,
    judge: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Metrics on every row of a CSV (video_id, title, comment_count), for full and for hashtag-blind titles.

    With a bank of training videos the predictor looks those up as well; `shipped_alone` says what it reaches without.
    Baselines: the training mean, and with a bank the reference's, fitted on it. Bank rows whose video_id is in `data`
    are left out. `without_near_duplicates` leaves out rows with a near-duplicate title (cosine above 0.95) in the bank.
    A split column is not used to choose rows; `splits` says what it held. Raises InputError for a broken CSV, with its
    line.
    """
    tell = progress or (lambda message: None)
    rows, trained = read_rows(data), load(judge_folder(weights) if judge else weights)
    known = {row.video_id for row in rows}
    others = [row for row in read_rows(bank) if row.video_id not in known] if bank else []
    if bank and not others:
        raise InputError(f"{bank} holds no videos other than those of {data}; give a bank of training videos.")
    labels = np.array([row.label for row in rows])
    mean = np.mean([row.label for row in others]) if others else trained.card["mean_label"]
    result: dict[str, Any] = {"n": len(rows), "full": {}, "hashtag_blind": {}}
    result["baselines"] = {"mean": metrics(labels, np.full(len(rows), mean))}
    for name in ("full", "hashtag_blind"):
        tell(f"reading {len(rows) + len(others)} titles ({name})")
        asked = read([text_of(row.title, name) for row in rows])
        stored = bank_of(others, name) if others else None
        used = None if judge else stored
        guesses = predict_reading(trained, asked, name, used)[0]
        result[name] = metrics(labels, guesses)
        _add(result, "intervals", name, bootstrap(labels, guesses))
        _add(result, "top_decile_lift", name, top_decile_lift(labels, guesses))
        _add(result, "calibration", name, _calibration(trained, name, used, labels - guesses))
        if stored is None:
            continue
        new = stored.nearest(asked.vectors, 1)[0][:, 0] <= NEAR
        kept = {"n": int(new.sum()), **metrics(labels[new], guesses[new])} if new.any() else {"n": 0}
        _add(result, "without_near_duplicates", name, kept)
        if used is not None:
            alone = predict_reading(trained, asked, name)[0]
            _add(result, "shipped_alone", name, metrics(labels, alone))
        tell(f"fitting the baselines on {len(others)} titles ({name})")
        for baseline, found in fit_baselines(stored, asked).items():
            result["baselines"][baseline + ("" if name == "full" else "_hashtag_blind")] = metrics(labels, found)
    splits = sorted({row.split for row in rows} - {""})
    return {**result, "splits": {name: sum(row.split == name for row in rows) for name in splits}}


def _add(result: dict[str, Any], figure: str, variant: str, value: Any) -> None:
    result.setdefault(figure, {})[variant] = value


def _calibration(trained: Weights, variant: str, bank: Bank | None, residuals: Floats) -> dict[str, float]:
    """Nominal and measured share of the labels inside the stated interval."""
    interval = mode_of(trained, variant, bank)["interval"]
    inside = (residuals >= interval["low"]) & (residuals <= interval["high"])
    return {"nominal": interval["nominal"], "inside": round(float(np.mean(inside)), 4)}
