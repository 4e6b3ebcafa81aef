"""What the predictor reads of a title: normalised text, hashed words, a sentence vector and its nearness to topics."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ..embedding import embed

Floats = NDArray[np.float32]

CHARACTER_BUCKETS = 2**16
BUCKETS = 2**17  # hashed words and word pairs; four times as many gain 0.001 of rank correlation
MAX_CHARACTERS = 250  # 98 % of the training titles are shorter: length beyond it buys nothing
SHARPNESS = 2.0  # of the topic kernel exp(-SHARPNESS * squared distance); 1 and 3 were no better on held-out titles
CHUNK = 512  # titles embedded at once, so that others can use the model in between

_HASHTAG = re.compile(r"#[^#]*")
_MARKS = re.compile(r"[\W_]+")
_REPEATED_LETTER = re.compile(r"([^\W\d])\1{2,}")
_REPEATED_WORDS = re.compile(r"\b(\w+(?: \w+){0,14})(?: \1\b)+")
_SPACED = re.compile(r"\b[^\W\d](?: [^\W\d]){3,}\b")
_DISGUISED = re.compile(r"[a-z0-9]+(?:[$@][a-z0-9]+)*[$@]?")  # perhaps a word with digits or signs for letters
_QUANTITY = re.compile(r"\d+[a-z]{0,3}|[a-z]+\d+")  # 5kg, 3d, 1st, mp3: digits that are meant
_PICTURES = {"So", "Sk", "Cs", "Co", "Cn", "Cc"}  # emoji and their modifiers, control characters: a blank
_INVISIBLE = {"Cf", "Mn", "Me"}  # joiners, zero-width blanks, accents: nothing
_WORD = re.compile(r"\S+")
_LOOKALIKES = str.maketrans("авеікмнорстухѕјαεικνορτυχ", "abeikmhopctyxsjaeiknoptux")  # Cyrillic and Greek
_LETTER_OF = str.maketrans("013457$@", "oieastsa")
# Claims about the video that any video can make: they are read as nothing, in training as well.
_HYPE = re.compile(
    r"\b(?:(?:you )?must (?:watch|see)|a must (?:watch|see)|dont miss(?: (?:this|it|out))?"
    r"|(?:you|u) (?:wont|will not|cant|cannot|will never) believe(?: (?:this|it|what|your eyes))*"
    r"|(?:watch|wait) (?:for it|(?:till|until|to) the (?:very )?end)|(?:going |gone |went )?viral|trending|clickbait"
    r"|(?:like|share|subscribe|follow)(?: and (?:like|share|subscribe|follow))+|(?:the )?best (?:video )?ever"
    r"|mind ?blowing|jaw ?dropping|top hit|number one|no 1|(?:most )?popular|insane|omg|wow|shocking)\b"
)


def strip_hashtags(title: str) -> str:
    """The title with everything from a `#` to the next `#` or the end removed; a full-width `＃` counts as well."""
    return _HASHTAG.sub("", title.replace("＃", "#").replace("﹟", "#")).strip()


def normalise(title: str) -> str:
    """One spelling for what says the same, so that decoration cannot move the score.

    Compatibility forms, case, accents and look-alike letters are folded; emoji, control characters and punctuation
    become blanks; spaced-out words are closed up; repeated letters, words and phrases collapse; empty superlatives
    ("MUST WATCH") go; what lies beyond MAX_CHARACTERS is not read.
    """
    text = unicodedata.normalize("NFKD", title[: 20 * MAX_CHARACTERS]).casefold()
    text = _WORD.sub(_fold_lookalikes, text)
    text = "".join(_visible(character) for character in text if character not in "'’")
    text = _DISGUISED.sub(_undisguise, unicodedata.normalize("NFC", text))
    text = _MARKS.sub(" ", text).strip()
    text = _SPACED.sub(lambda found: found[0].replace(" ", ""), _REPEATED_LETTER.sub(r"\1\1", text))
    text = " ".join(_HYPE.sub(" ", text).split())
    return _REPEATED_WORDS.sub(r"\1", text)[:MAX_CHARACTERS].strip()


def _fold_lookalikes(word: re.Match[str]) -> str:
    """Cyrillic and Greek letters within a Latin word become Latin; a word wholly in another script stays."""
    return word[0].translate(_LOOKALIKES) if any("a" <= c <= "z" for c in word[0]) else word[0]


def _undisguise(word: re.Match[str]) -> str:
    """Digits and signs that stand for letters ("g4me", "ca$h") become these letters."""
    text = word[0]
    if text.isalpha() or _QUANTITY.fullmatch(text) or 2 * sum(c.isalpha() for c in text) < len(text):
        return text
    return text.translate(_LETTER_OF)


def _visible(character: str) -> str:
    kind = unicodedata.category(character)
    return "" if kind in _INVISIBLE else " " if kind in _PICTURES else character


def word_counts(texts: Sequence[str]) -> Any:
    """Sparse counts of hashed words and word pairs, shape (n, BUCKETS)."""
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(
        n_features=BUCKETS,
        ngram_range=(1, 2),
        token_pattern=r"(?u)\w+",  # noqa: S106 - a pattern, not a password
        lowercase=False,
        alternate_sign=False,
        norm=None,
        dtype=np.float32,
    ).transform(texts)


def character_counts(texts: Sequence[str]) -> Any:
    """Sparse counts of hashed runs of two to five characters within words, shape (n, CHARACTER_BUCKETS)."""
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(
        n_features=CHARACTER_BUCKETS,
        analyzer="char_wb",
        ngram_range=(2, 5),
        lowercase=False,
        alternate_sign=False,
        norm=None,
        dtype=np.float32,
    ).transform(texts)


def tfidf_rows(counts: Any, idf: Floats) -> Any:
    """TF-IDF rows of length 1: (1 + ln count) * idf, so that a longer title has no louder voice."""
    from sklearn.preprocessing import normalize

    rows = counts.copy()
    rows.data = (1 + np.log(rows.data)) * idf[rows.indices]
    return normalize(rows, copy=False)


def title_vectors(texts: Sequence[str], progress: Callable[[int, int], None] | None = None) -> Floats:
    """Unit sentence vectors, shape (n, 384); a text that occurs twice is embedded once."""
    unique = sorted(set(texts), key=lambda text: (len(text), text))  # like lengths together: less padding
    parts = [embed([])]
    for start in range(0, len(unique), CHUNK):
        parts.append(embed(unique[start : start + CHUNK]))
        if progress:
            progress(min(start + CHUNK, len(unique)), len(unique))
    row = {text: index for index, text in enumerate(unique)}
    return np.concatenate(parts)[[row[text] for text in texts]]


def squared_distances(vectors: Floats, centres: Floats) -> Floats:
    """Squared Euclidean distances of unit vectors (n, d) to topic centres (k, d), shape (n, k)."""
    gaps = 1 + (centres**2).sum(axis=1)[None] - 2 * vectors @ centres.T
    return cast(Floats, np.maximum(gaps, 0))


def topic_rows(gaps: Floats) -> Floats:
    """Nearness to each topic centre, 0 to 1, from squared distances of the same shape."""
    return cast(Floats, np.exp(-SHARPNESS * gaps))


def half(values: Any) -> Floats:
    """As it will be read back."""
    return np.asarray(values, dtype=np.float16).astype(np.float32)


def inverse_frequencies(counts: Any) -> Floats:
    """Smoothed inverse document frequency of each bucket, (buckets,)."""
    seen = np.bincount(counts.indices, minlength=counts.shape[1])
    return half(np.log((1 + counts.shape[0]) / (1 + seen)) + 1)
