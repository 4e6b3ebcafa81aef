"""Who is in the picture: the subjects that a title and a prompt name, by word, by emoji or by meaning."""

import functools
import re
from importlib import resources
from typing import NamedTuple

import numpy as np

from . import habits, lexicon

ASSETS = resources.files(__package__) / "assets"
TITLE, PROMPT = 1.5, 1.3  # what a mention counts: the title stands in the picture, so the picture has to agree with it


class Subject(NamedTuple):
    """One piece of art and the words that call for it."""

    name: str
    emoji: str
    stage: str
    words: tuple[str, ...]
    weak: frozenset[str]


@functools.cache
def catalogue() -> dict[str, Subject]:
    """Every subject that can be drawn, by name."""
    found: dict[str, Subject] = {}
    for line in (ASSETS / "subjects.tsv").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        emoji, stage, listed = line.split("\t")
        words = [word.strip() for word in listed.split(",")]
        name = re.sub(r"[^a-z0-9]+", "-", words[0].lstrip("~").casefold())
        weak = frozenset(word.lstrip("~") for word in words if word.startswith("~"))
        found[name] = Subject(name, emoji, stage, tuple(word.lstrip("~") for word in words), weak)
    return found


def nearest_subject(text: str) -> str:
    """The subject nearest in meaning, for words that the catalogue does not know."""
    from ..embedding import embed

    names, labels = _labels()
    scores = labels @ embed([text[:1000]])[0]
    return names[int(scores.argmax())]


@functools.cache
def _labels() -> tuple[list[str], np.ndarray]:
    from ..embedding import embed

    names = sorted(catalogue())
    return names, embed([", ".join(catalogue()[name].words[:3]) for name in names])


def plain(text: str) -> str:
    """The text in lower case with emoji in words and without signs."""
    for sign, word in _emoji_words():
        text = text.replace(sign, f" {word} ") if sign in text else text
    text = re.sub(r"[^\w' .-]+|\.(?=\s|$)", " ", text.casefold().replace("\u2019", "'"))
    return f" {re.sub(' {2,}', ' ', text)} "


@functools.cache
def _emoji_words() -> list[tuple[str, str]]:
    """Emoji and the word each stands for, longest first; skin tones and variants need not be typed."""
    words = dict(habits.EMOJI)
    for subject in catalogue().values():
        if subject.emoji != "-":
            bare = re.sub("[\ufe0f\U0001f3fb-\U0001f3ff]", "", subject.emoji)
            words.setdefault(subject.emoji, subject.words[0])
            words.setdefault(bare, subject.words[0])
    return sorted(words.items(), key=lambda pair: (-len(pair[0]), pair[0]))


@functools.cache
def pattern(words: str) -> re.Pattern[str]:
    """Matches any of the listed words (commas between) as a whole word."""
    listed = sorted((re.escape(word.strip()) for word in words.split(",")), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(listed)})(?![\w-])")


def hits(text: str, words: str) -> list[re.Match[str]]:
    """Where any of the listed words stands in the plain text."""
    return list(pattern(words).finditer(text))


def subjects_of(title: str, prompt: str) -> tuple[str, ...]:
    """Up to three subjects by weight: named in the title, named early, named with more words."""
    scores: dict[str, float] = {}
    for text, share in ((plain(title), TITLE), (plain(prompt), PROMPT)):
        text = pattern(lexicon.CRAFT).sub(" ", text)
        taken: set[int] = set()
        for position, word, names in _named(text):
            span = range(position, position + len(word))
            if taken.intersection(span):
                continue
            taken.update(span)
            early = 1.0 / (1.0 + position / 90.0)
            for name in names:
                strength = 0.25 if word in catalogue()[name].weak else 1.0 + 0.4 * word.count(" ")
                scores[name] = scores.get(name, 0.0) + share * strength * (0.35 + early)
    strong = {name: score for name, score in scores.items() if score >= 0.35 * max(scores.values())}
    # Who acts comes before what lies about, and a passer-by ("someone") only where nobody else is named.
    for name in strong:
        strong[name] *= 1.35 if acts(name) and name != "person" else 1.0
    if len(strong) > 1:
        strong.pop("person", None)
    return tuple(sorted(strong, key=lambda name: (-strong[name], name))[:3])


def acts(name: str) -> bool:
    """Whether the subject lives, or moves as if it did: it may fight, ride and lead a shot."""
    stage = catalogue()[name].stage
    return stage == "b" or (stage in "gaw" and name not in habits.STILL.split(", "))


def _named(text: str) -> list[tuple[int, str, list[str]]]:
    """Catalogue words in the text, longest first."""
    index, words = _word_index()
    found = [(hit.start(), hit.group(), index[hit.group()]) for hit in words.finditer(text)]
    return sorted(found, key=lambda hit: (-len(hit[1]), hit[0]))


@functools.cache
def _word_index() -> tuple[dict[str, list[str]], re.Pattern[str]]:
    index: dict[str, list[str]] = {}
    for subject in catalogue().values():
        for word in subject.words:
            if not index.get(word):
                index[word] = [subject.name]
    return index, pattern(",".join(index))


def ride_of(subjects: tuple[str, ...], text: str) -> tuple[str | None, tuple[str, ...]]:
    """A thing that the first animal or person rides ("cat on a skateboard"), taken out of the list of subjects."""
    things = [name for name in subjects if name in habits.RIDES.split(", ")]
    riders = [name for name in subjects if acts(name) and name not in things]
    for thing in things if riders else []:
        words = "|".join(re.escape(word) for word in catalogue()[thing].words)
        names = "|".join(re.escape(word) for word in catalogue()[riders[0]].words)
        verb = r"(?:on|riding|rides|ride|driving|drives)\s+(?:\w+\s+){0,2}"
        if re.search(rf"\b(?:{verb}|(?:{names})\s+)(?:{words})\b", text):
            rest = tuple(name for name in subjects if name not in (thing, riders[0]))
            return thing, (riders[0], *rest)
    return None, subjects


def company(subjects: tuple[str, ...]) -> tuple[str, ...]:
    """The subjects that can be seen beside the first: nothing toy-sized beside a bowl, no car beside a car."""
    if not subjects:
        return ()
    hero = subjects[0]
    travellers = habits.TRAVELLERS.split(", ")
    return hero, *(
        name
        for name in subjects[1:]
        if (acts(hero) or catalogue()[name].stage == "t" or (catalogue()[name].stage == "a" and not acts(name)))
        and not (hero in travellers and name in travellers)
        and catalogue()[name].stage != "b"
    )


def duel_of(subjects: tuple[str, ...], text: str) -> tuple[bool, tuple[str, ...]]:
    """Whether two fight, and then those who can: a ring or a bowl does not, nor half a person."""
    fighters = tuple(name for name in subjects if acts(name) and catalogue()[name].stage != "b")
    if not fighters or not hits(text, lexicon.DUEL):
        return False, subjects
    return True, fighters
