"""The shipped popularity predictor."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from .features import MAX_CHARACTERS, strip_hashtags
from .model import load, predict, text_of

WIDER = 1.5  # how much the interval grows for a title unlike those the predictor was trained on


class Score(BaseModel):
    """Predicted popularity of a title: a rank among MicroLens videos, never a promise."""

    log2_comments: float = Field(description="Predicted log2 of the number of comments.")
    percentile: float = Field(
        description="Share of held-out MicroLens videos that this predictor rates lower, 0 to 100."
    )
    low: float = Field(description="Lower end of the 80 % interval of log2 comments.")
    high: float = Field(description="Upper end of the 80 % interval of log2 comments.")
    caution: str = Field("", description="Why the interval is wider than usual; empty for an ordinary title.")


def score_titles(titles: Sequence[str], *, weights: Path | None = None, variant: str = "hashtag_blind") -> list[Score]:
    """Score titles by the shipped weights or those of a folder; blocking and thread-safe.

    Reads text alone. By default everything from a `#` on is ignored, as the loop must; `variant="full"` reads hashtags.
    """
    if not titles:
        return []
    trained = load(weights)
    entry = trained.card["variants"][variant]
    guesses, distances = predict(trained, titles, variant)
    return [
        _score(float(guess), _caution(title, variant, float(distance), entry), entry)
        for title, guess, distance in zip(titles, guesses, distances, strict=True)
    ]


def noise(weights: Path | None = None) -> float:
    """Percentile points by which two scores must differ to count as different; the card says how it was measured."""
    return float(load(weights).card["noise"])


def percentile(log2_comments: float, quantiles: Sequence[float]) -> float:
    """Share of scores strictly below, 0 to 100, by linear interpolation in a table of evenly spaced quantiles."""
    levels, first = np.unique(np.asarray(quantiles), return_index=True)  # of equal scores the lowest rank
    return float(np.interp(log2_comments, levels, 100 * first / (len(quantiles) - 1)))


def _score(guess: float, caution: str, entry: dict[str, Any]) -> Score:
    wide = WIDER if caution else 1.0
    return Score(
        log2_comments=round(guess, 4),
        percentile=round(percentile(guess, entry["quantiles"]), 2),
        low=round(max(0.0, guess + wide * entry["interval"]["low"]), 4),
        high=round(guess + wide * entry["interval"]["high"], 4),
        caution=caution,
    )


def _caution(title: str, variant: str, distance: float, entry: dict[str, Any]) -> str:
    text = text_of(title, variant)
    letters = [c for c in text if c.isalpha()]
    if not letters:
        return "no words are left to judge"
    if len(strip_hashtags(title) if variant == "hashtag_blind" else title) > MAX_CHARACTERS:
        return f"only the first {MAX_CHARACTERS} characters are read"
    if sum(unicodedata.name(c, "").startswith("LATIN") for c in letters) < 0.5 * len(letters):
        return "the predictor learnt from English titles only"
    if distance > entry["reach"]:
        return "the title is unlike nearly all that the predictor learnt from"
    return ""
