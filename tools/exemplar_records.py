"""One video as a source gives it: cleaned text and counts that were understood, never guessed."""

import math
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Literal

Origin = Literal["measured", "estimated"]
UNITS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "W": 10**4, "万": 10**4, "萬": 10**4, "億": 10**8, "亿": 10**8}
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+|\d{1,2}(,\d{2})+,\d{3}|\d{1,3}(\.\d{3}){2,}|\d{1,3}( \d{3})+", re.ASCII)
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d{1,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Record:
    """A video before it is embedded; category is empty where the source names none."""

    video_id: str
    title: str
    comment_count: float
    caption: str = ""
    category: str = ""
    likes: float | None = None
    views: float | None = None

    def text(self) -> str:
        """What is embedded: the title as it is shown (hashtags name topics), then what the video shows."""
        return f"{self.title}. {self.caption}" if self.caption else self.title


@dataclass(frozen=True, slots=True)
class SourceData:
    """Everything read from one source; notes say in whole sentences what was left out and why."""

    records: list[Record]
    label: str
    origin: Origin = "measured"
    notes: list[str] = field(default_factory=list)


def clean_text(text: str) -> str:
    """One line of text: no control characters, runs of white space as one space, Unicode in composed form."""
    kept = "".join(
        " " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs")
    )
    return unicodedata.normalize("NFC", " ".join(kept.split()))


def parse_count(value: object) -> float | None:
    """A number of comments, likes or views as platforms and spreadsheets write it; None where nothing is written.

    Understood: 10000, "10,000", "1.234.567", "1,00,000", "10 000", "1.2K", "3M", "3万", "1.5亿", "2e4", "12.0".
    Whatever can be read in two ways ("1.234", "1,2") or is no whole count ("2.5", "-1", "many") raises ValueError.
    """
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _whole(float(value), repr(value))
    text = " ".join(unicodedata.normalize("NFKC", str(value)).split())
    if not text:
        return None
    unit = text[-1].upper()
    if unit in UNITS and not unit.isdigit():
        return _whole(round(_plain(text[:-1].rstrip(), value, scaled=True) * UNITS[unit], 6), repr(value))
    return _whole(_plain(text, value, scaled=False), repr(value))


def _plain(text: str, value: object, *, scaled: bool) -> float:
    """The number before a unit. One dot is a decimal point, unless just three digits follow and no unit says so."""
    if _GROUPED.fullmatch(text):
        return float(re.sub(r"[,. ]", "", text))
    whole, dot, fraction = text.partition(".")
    grouped = _GROUPED.fullmatch(whole) is not None and "." not in whole
    if (whole.isascii() and whole.isdigit()) or (dot and grouped):
        if not dot:
            return float(whole)
        if fraction.isascii() and fraction.isdigit() and (scaled or grouped or len(fraction) != 3):
            return float(whole.replace(",", "").replace(" ", "") + "." + fraction)
    if _SCIENTIFIC.fullmatch(text) and not scaled:
        return float(text)
    raise ValueError(f"{value!r} cannot be read as a count")


def _whole(number: float, shown: str) -> float:
    if not math.isfinite(number) or number < 0 or number != int(number):
        raise ValueError(f"{shown} is not a whole number of zero or more")
    return number
