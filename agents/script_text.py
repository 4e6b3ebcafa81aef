"""Cleaning what a model wrote: titles and paragraphs without controls, hashtags, quotes or half sentences."""

import re
import unicodedata

TITLE_LIMIT = 50
_JOINED = "\u200d\ufe0f"  # they hold emoji together
_CONNECTORS = re.compile(
    r"(?:an?|and|as|at|but|by|for|from|in|into|is|my|of|on|or|our|the|their|this|to|via|vs|when|where|who|why|with|your|&)",
    re.IGNORECASE,
)
_PAIRS = {"'": "'", '"': '"', "\u201c": "\u201d", "\u2018": "\u2019", "\u00ab": "\u00bb", "`": "`", "*": "*", "_": "_"}


def clean(text: str) -> str:
    """One line without control characters and with single spaces."""
    kept = (
        " " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign
        for sign in text
        if sign in _JOINED or unicodedata.category(sign) not in ("Cf", "Cs", "Co", "Cn")
    )
    return " ".join("".join(kept).split())


def clean_title(text: str) -> str:
    """A title in words: cleaned, without hashtags, quotes and Markdown around it, and without a final full stop."""
    title = clean(re.sub(r"(?:^|\s)#\S+", " ", clean(text)))
    while True:
        bare = title if title.endswith("..") else title.removesuffix(".").strip()
        if len(bare) < 2 or _PAIRS.get(bare[0]) != bare[-1]:
            return bare
        title = bare[1:-1].strip()


def cut_title(title: str, limit: int = TITLE_LIMIT) -> str:
    """At most `limit` characters, cut between words, without punctuation or a connecting word at the end."""
    if len(title) <= limit:
        return title
    words = title[: limit + 1].split(" ")[:-1]
    while words and (_CONNECTORS.fullmatch(words[-1].strip(",;:-")) or not words[-1].strip(" ,;:-\u2013\u2014|/&(")):
        words.pop()
    return " ".join(words).rstrip(" ,;:.-\u2013\u2014|/&(") or title[:limit]
