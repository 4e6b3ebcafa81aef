"""Which words of a title move its predicted rank: leave each out and score again."""

import re
from pathlib import Path
from typing import NamedTuple

from .features import strip_hashtags
from .predictor import score_titles

LONGEST = 16  # words looked at: a title of the loop has at most 50 characters
_WORD = re.compile(r"\w+(?:['’]\w+)*")


class Effect(NamedTuple):
    """A word or two neighbours; points: what the percentile would lose without them (negative: gain)."""

    phrase: str
    points: float


def word_effects(title: str, weights: Path | None = None) -> list[Effect]:
    """Effects that do not overlap, the strongest first; empty for a title of fewer than three words. Blocking."""
    text = strip_hashtags(title)
    words = list(_WORD.finditer(text))[:LONGEST]
    if len(words) < 3:
        return []
    spans = [(first, first + size) for size in (1, 2) for first in range(len(words) - size + 1)]
    without = [text[: words[a].start()] + text[words[b - 1].end() :] for a, b in spans]
    base, *rest = (score.percentile for score in score_titles([text, *without], weights=weights))
    ranked = sorted(zip(spans, rest, strict=True), key=lambda item: (-abs(base - item[1]) / _size(item[0]), item[0]))
    kept: list[tuple[int, int]] = []
    effects = []
    for (a, b), percentile in ranked:
        if all(b <= other_a or a >= other_b for other_a, other_b in kept):
            kept.append((a, b))
            effects.append(Effect(text[words[a].start() : words[b - 1].end()], round(base - percentile, 1)))
    return effects


def _size(span: tuple[int, int]) -> float:
    """A pair must move more than a word does to be named instead of it."""
    return 1.0 if span[1] - span[0] == 1 else 1.4
