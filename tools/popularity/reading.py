"""What a predictor reads of titles, and of their clips where it was trained on clips."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .bank import Indices
from .features import Floats, character_counts, title_vectors, word_counts
from .frames import Seen


@dataclass(frozen=True)
class Reading:
    """What is read of n titles: hashed counts (n, BUCKETS) and (n, CHARACTER_BUCKETS), sentence vectors (n, 384)."""

    words: Any
    characters: Any
    vectors: Floats
    visual: Floats | None = None  # (n, F, v), frame vectors of the clips
    scenes: Floats | None = None  # (n, 384), sentence vectors of title and captions together

    def take(self, rows: Indices) -> "Reading":
        """The titles of an index array."""
        visual, scenes = (None if part is None else part[rows] for part in (self.visual, self.scenes))
        return Reading(self.words[rows], self.characters[rows], self.vectors[rows], visual, scenes)


def read(texts: Sequence[str], progress: Callable[[int, int], None] | None = None) -> Reading:
    """Read normalised titles; the sentence vectors take nearly all of the time."""
    return Reading(word_counts(texts), character_counts(texts), title_vectors(texts, progress))


def with_frames(reading: Reading, texts: Sequence[str], seen: Seen) -> Reading:
    """The same titles with what their clips show; with captions, title and captions together are their scenes."""
    scenes = None
    if any(seen.captions):
        scenes = title_vectors([f"{text}. {said}" for text, said in zip(texts, seen.captions, strict=True)])
    return replace(reading, visual=seen.visual, scenes=scenes)
