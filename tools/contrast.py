"""What separates popular from unpopular titles: measured differences, stated only where chance is an unlikely cause.

Hashtags are left out throughout: they name campaigns and fandoms, and a new video cannot borrow their audience.
"""

import math
import re
from collections import Counter
from collections.abc import Callable

import numpy as np
from pydantic import BaseModel, Field

MIN_GROUP = 8  # titles that each group must have before anything is said
MIN_TITLES = 4  # titles that a term must be in
MIN_Z = 2.58  # two-sided p < 0.01 for each of the seven figures: 0.14 false ones a search on shuffled labels
MIN_TERM_Z = 1.96  # the prior makes rare terms timid: 0.15 false ones a search on shuffled labels
PRIOR_SHARE = 0.1  # weight of the prior against the data
MAX_TERMS = 4  # stated on each side

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_FIRST_PERSON = "i i'm i've i'll i'd me my mine myself we we're we've we'll us our ours"
_SECOND_PERSON = "you you're you've you'll you'd your yours yourself"
_FUNCTION_WORDS = """
a am an and are as at be been being but by can could did do does don't for from had has have he her him his how if in
into is isn't it it's its just no not of on one's or out she so some than that that's the their them then there these
they this those to too up was were what when where which while who why will with would
"""
_FIRST, _SECOND = frozenset(_FIRST_PERSON.split()), frozenset(_SECOND_PERSON.split())
_STOP = frozenset(_FUNCTION_WORDS.split()) | _FIRST | _SECOND


class Contrast(BaseModel):
    """One measured difference between the popular and the unpopular group."""

    name: str
    popular: float = Field(description="Mean, or share of the titles from 0 to 1, in the popular group.")
    unpopular: float = Field(description="The same in the unpopular group.")
    sentence: str
    z: float = Field(0.0, description="Standard errors between the groups; above 0 the popular group has more.")
    n_popular: int = 0
    n_unpopular: int = 0


def contrasts(popular: list[str], unpopular: list[str]) -> list[Contrast]:
    """Differences between two groups of titles, the surest first: figures of form, then recurring terms.

    Figures: Welch's statistic of means, or the two-proportion statistic of shares, at |z| >= 2.58. Terms: see
    term_contrasts. Groups of fewer than MIN_GROUP titles (hashtags removed) say nothing.
    """
    groups = [strip_hashtags(title) for title in popular], [strip_hashtags(title) for title in unpopular]
    high, low = ([title for title in group if title] for group in groups)
    if min(len(high), len(low)) < MIN_GROUP:
        return []
    figures = [_mean_contrast(name, phrase, measure, high, low) for name, phrase, measure in MEASURES]
    figures += [_share_contrast(name, phrase, test, high, low) for name, phrase, test in TRAITS]
    stated = [figure for figure in figures if figure is not None]
    return sorted(stated, key=lambda contrast: -abs(contrast.z)) + term_contrasts(high, low)


def term_contrasts(popular: list[str], unpopular: list[str]) -> list[Contrast]:
    """Terms that recur in one group: log-odds ratio with an informative Dirichlet prior, as a z-score.

    Monroe, Colaresi and Quinn, "Fightin' Words" (Political Analysis 16:4, 2008), equations 15 to 22. A term counts once
    a title; the prior is the terms' frequency in both groups together, with a tenth of the data's weight.
    """
    high, low = (Counter(term for title in group for term in set(terms(title))) for group in (popular, unpopular))
    total_high, total_low = high.total(), low.total()
    scored = []
    for term in high.keys() | low.keys():
        if high[term] + low[term] >= MIN_TITLES:
            z = log_odds_z(high[term], low[term], total_high, total_low)
            if abs(z) >= MIN_TERM_Z:
                scored.append((z, term))
    scored.sort(key=lambda pair: (-abs(pair[0]), pair[1]))
    kept = [p for p in scored if p[0] > 0][:MAX_TERMS] + [p for p in scored if p[0] < 0][:MAX_TERMS]
    return [_term_contrast(term, z, high[term], low[term], len(popular), len(unpopular)) for z, term in kept]


def log_odds_z(high: int, low: int, total_high: int, total_low: int) -> float:
    """Monroe's z of one term that occurs high of total_high and low of total_low times."""
    prior_total = PRIOR_SHARE * (total_high + total_low)
    prior = PRIOR_SHARE * (high + low)
    odds_high = (high + prior) / (total_high + prior_total - high - prior)
    odds_low = (low + prior) / (total_low + prior_total - low - prior)
    return math.log(odds_high / odds_low) / math.sqrt(1 / (high + prior) + 1 / (low + prior))


def terms(title: str) -> list[str]:
    """The words of a title that can carry a topic: lower case, two letters or more, no function words."""
    return [word for word in words(title) if len(word) > 1 and word not in _STOP]


def words(title: str) -> list[str]:
    """The words of a title in lower case, apostrophes straightened."""
    return [word.lower().replace("’", "'") for word in _WORD.findall(title)]


def strip_hashtags(title: str) -> str:
    """The title before its first hashtag; what stands between two hashtags is part of the first."""
    return re.split("[#＃]", title, maxsplit=1)[0].strip()


MEASURES: list[tuple[str, str, Callable[[str], float]]] = [
    ("title_words", "words", lambda title: len(words(title))),
    ("title_characters", "characters", len),
]
TRAITS: list[tuple[str, str, Callable[[str], bool]]] = [
    ("question", "ask a question", lambda title: bool(re.search("[?？]", title))),
    ("number", "name a number", lambda title: any(c.isdigit() for c in title)),
    ("exclamation", "have an exclamation mark", lambda title: bool(re.search("[!！]", title))),
    ("first_person", "speak in the first person (I, my, we)", lambda title: not _FIRST.isdisjoint(words(title))),
    ("second_person", "address the viewer (you, your)", lambda title: not _SECOND.isdisjoint(words(title))),
]


def _mean_contrast(
    name: str, unit: str, measure: Callable[[str], float], high: list[str], low: list[str]
) -> Contrast | None:
    a, b = (np.array([measure(title) for title in group], dtype=float) for group in (high, low))
    error = math.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    z = float(a.mean() - b.mean()) / error if error else 0.0
    if abs(z) < MIN_Z:
        return None
    sentence = (
        f"Popular titles are {'longer' if z > 0 else 'shorter'}: {a.mean():.1f} {unit} on average against "
        f"{b.mean():.1f} ({len(a)} popular, {len(b)} unpopular titles)."
    )
    return _contrast(name, float(a.mean()), float(b.mean()), z, len(a), len(b), sentence)


def _share_contrast(
    name: str, phrase: str, test: Callable[[str], bool], high: list[str], low: list[str]
) -> Contrast | None:
    a, b = sum(map(test, high)), sum(map(test, low))
    pooled = (a + b) / (len(high) + len(low))
    error = math.sqrt(pooled * (1 - pooled) * (1 / len(high) + 1 / len(low)))
    z = (a / len(high) - b / len(low)) / error if error else 0.0
    if abs(z) < MIN_Z:
        return None
    sentence = (
        f"Popular titles {phrase} {'more' if z > 0 else 'less'} often: {a} of {len(high)} ({a / len(high):.0%}) "
        f"against {b} of {len(low)} unpopular ones ({b / len(low):.0%})."
    )
    return _contrast(name, a / len(high), b / len(low), z, len(high), len(low), sentence)


def _term_contrast(term: str, z: float, a: int, b: int, n_high: int, n_low: int) -> Contrast:
    where = "popular" if z > 0 else "unpopular"
    sentence = (
        f"The word “{term}” marks {where} titles: it is in {a} of {n_high} popular and {b} of {n_low} unpopular ones."
    )
    return _contrast(f"term:{term}", a / n_high, b / n_low, z, n_high, n_low, sentence)


def _contrast(name: str, high: float, low: float, z: float, n_high: int, n_low: int, sentence: str) -> Contrast:
    return Contrast(
        name=name, popular=round(high, 4), unpopular=round(low, 4), sentence=sentence, z=round(z, 2),
        n_popular=n_high, n_unpopular=n_low,
    )  # fmt: skip
