"""The shipped popularity predictor: a title's predicted rank, its interval, and what speaks against believing it."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from .. import tracing
from .copies import copied_words
from .features import MAX_CHARACTERS, strip_hashtags
from .frames import Seen, see
from .model import JUDGE, Weights, load, mode_of, predict_reading, text_of
from .reading import read, with_frames

WIDER = 1.5  # how much the interval grows for a title unlike those the predictor was trained on
MEDIAN = 50.0  # what cannot be believed is not rated better than the median
LIST_WORDS = 6  # a title of so many words without one function word reads as a list
LIST_ITEMS = 5  # so many short items between commas, too
ITEM_WORDS = 3
LONGEST_WORD = 28  # letters; longer than any English word that is used


class Score(BaseModel):
    """Predicted popularity of a title: a rank among MicroLens videos, never a promise."""

    log2_comments: float = Field(description="Predicted log2 of the number of comments.")
    percentile: float = Field(
        description="Share of held-out MicroLens videos that this predictor rates lower, 0 to 100."
    )
    low: float = Field(description="Lower end of the 80 % interval of log2 comments.")
    high: float = Field(description="Upper end of the 80 % interval of log2 comments.")
    caution: str = Field("", description="Why the interval is wider than usual; empty for an ordinary title.")
    penalty: str = Field("", description="Why the title is not rated above the median; empty for an ordinary title.")


def score_titles(
    titles: Sequence[str],
    *,
    weights: Path | None = None,
    variant: str = "hashtag_blind",
    judge: bool = False,
    seen: Seen | None = None,
) -> list[Score]:
    """Score titles by the shipped weights or those of a folder; blocking and thread-safe.

    Reads text alone. By default everything from a `#` on is ignored, as the loop must; `variant="full"` reads hashtags.
    `judge` asks the second predictor, which was trained on other videos: for experiments, never inside the loop.
    `seen` is what the titles' clips show (see `frames_for`), for weights that were trained on clips.
    """
    if not titles:
        return []
    asked = {"popcorn.titles": len(titles), "popcorn.variant": variant, "popcorn.judge": judge}
    with tracing.span("score_titles", asked):
        trained = load(judge_folder(weights) if judge else weights)
        entry = trained.card["variants"][variant]
        texts = [text_of(title, variant) for title in titles]
        reading = read(texts) if seen is None else with_frames(read(texts), texts, seen)
        guesses, distances = predict_reading(trained, reading, variant)
        mode = mode_of(trained, variant, None, seen is not None)
        return [
            _score(
                float(guess), _caution(title, variant, float(distance), entry), _penalty(title, variant, trained), mode
            )
            for title, guess, distance in zip(titles, guesses, distances, strict=True)
        ]


def frames_for(video: Path, weights: Path | None, cache: Path, prompt: str = "") -> Seen | None:
    """What one clip shows, for weights that were trained on clips and by their own image models; else None.

    A video prompt stands for captions where the weights want some: no captioner is loaded then.
    """
    frames = load(weights).card.get("frames")
    if frames is None:
        return None
    if not (prompt and frames["captioner"]):
        return see([video], frames["encoder"], frames["captioner"], cache)
    return see([video], frames["encoder"], None, cache)._replace(captions=[prompt])


def judge_folder(weights: Path | None) -> Path:
    """Where the judge that belongs to a folder of weights lies."""
    return JUDGE if weights is None else weights / "judge"


def noise(weights: Path | None = None) -> float:
    """Percentile points by which two scores must differ to count as different; the card says how it was measured."""
    return float(load(weights).card["noise"])


def percentile(log2_comments: float, quantiles: Sequence[float]) -> float:
    """Share of scores strictly below, 0 to 100, by linear interpolation in a table of evenly spaced quantiles."""
    levels, first = np.unique(np.asarray(quantiles), return_index=True)  # of equal scores the lowest rank
    return float(np.interp(log2_comments, levels, 100 * first / (len(quantiles) - 1)))


def _score(guess: float, caution: str, penalty: str, mode: dict[str, Any]) -> Score:
    wide = WIDER if caution or penalty else 1.0
    rank = percentile(guess, mode["quantiles"])
    if penalty and rank > MEDIAN:
        rank, guess = MEDIAN, float(np.median(mode["quantiles"]))
    return Score(
        log2_comments=round(guess, 4),
        percentile=round(rank, 2),
        low=round(max(0.0, guess + wide * mode["interval"]["low"]), 4),
        high=round(guess + wide * mode["interval"]["high"], 4),
        caution=caution,
        penalty=penalty,
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


def _penalty(title: str, variant: str, trained: Weights) -> str:
    """What a writer does to please the score and not the viewer; only the blind score, which the loop uses, asks."""
    if variant != "hashtag_blind":
        return ""
    text = text_of(title, variant)
    filter_: Any = trained.models[variant].get("copies")
    if filter_ is not None and (count := copied_words(text, filter_)):
        return f"{count} words in a row are those of a title that exists: write your own"
    if any(len(word) > LONGEST_WORD for word in text.split()):
        return "its words run together or are spelt out letter by letter: write plain words"
    if reads_as_list(strip_hashtags(title), text):
        return "it reads as a list of keywords: write a sentence"
    if len(text) > trained.card["long"]:
        return f"it is longer than 95 of 100 titles ({trained.card['long']} characters): say it in one short sentence"
    return ""


def reads_as_list(title: str, text: str) -> bool:
    """A title without hashtags, and as normalised: many short items between commas, or many words and no grammar."""
    items = [item.split() for item in title.replace("|", ",").replace("/", ",").replace(";", ",").split(",")]
    short = [item for item in items if 0 < len(item) <= ITEM_WORDS]
    if len(short) >= LIST_ITEMS and 2 * len(short) > len(items):
        return True
    words = text.split()
    return len(words) >= LIST_WORDS and not any(word in FUNCTION_WORDS for word in words)


_GRAMMAR = (
    "a about after again all also am an and any are as at be because been before being but by can cannot "
    "come could did do does dont down each even every for from get gets go goes got had has have he her "
    "here him his how i if im in into is isnt it its just let lets like made make makes me more most my "
    "never no not now of off on one only or other our out over own s so some still such t than that the "
    "their them then there these they this those through to today too under until up upon us very want "
    "was we were what when where which while who whom whose why will with without would you your "
)
FUNCTION_WORDS = frozenset(_GRAMMAR.split())
"""English function words and auxiliaries: a sentence of six words has one, a list of keywords has none."""
