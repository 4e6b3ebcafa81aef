"""From the words of a prompt to a storyboard: subjects, setting, light, effects, and shots with camera moves."""

import functools
import random
import re
from importlib import resources
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from . import lexicon

ASSETS = resources.files(__package__) / "assets"
SHOT_SECONDS = 1.05  # a cut about every second keeps three seconds moving
Framing = Literal["wide", "medium", "close"]


class Subject(NamedTuple):
    """One piece of art and the words that call for it."""

    name: str
    emoji: str
    stage: str
    words: tuple[str, ...]
    weak: frozenset[str]


class Shot(BaseModel):
    """Frames start to end (exclusive) under one camera move; `power` is how far a transformation has come, 0 to 1."""

    model_config = ConfigDict(frozen=True)

    start: int
    end: int
    move: str
    framing: Framing
    power: float = 0.0
    flip: bool = False


class Storyboard(BaseModel):
    """Everything that the painter needs to know, decided from words and the seed alone.

    `subjects` is empty where the setting is the subject (a volcano, a beach at sunset).
    """

    model_config = ConfigDict(frozen=True)

    subjects: tuple[str, ...]
    setting: str
    time: str
    effects: tuple[str, ...]
    transform: bool
    duel: bool
    ride: str | None
    shots: tuple[Shot, ...]


def storyboard(prompt: str, title: str, seed: int, frames: int, fps: int) -> Storyboard:
    """Decide what is seen; the same words and seed give the same storyboard."""
    rng = random.Random(f"storyboard {seed}")
    text = _plain(f"{title} . {prompt}")
    subjects = _subjects(title, prompt)
    transform = bool(_hits(text, lexicon.TRANSFORM))
    setting = _best(text, lexicon.SETTINGS) or ("studio" if subjects else "dream")
    shown = lexicon.SHOWN.get(setting, "").split(", ")
    seen = tuple(name for name in subjects if name not in shown)
    subjects = seen if subjects else (nearest_subject(f"{title}. {prompt}"),)
    effects = tuple(name for name, words in lexicon.EFFECTS.items() if _hits(text, words))[:4]
    subjects = subjects[:1] + tuple(name for name in subjects[1:] if lexicon.EFFECT_ART.get(name) not in effects)
    ride, subjects = _ride(subjects, text)
    return Storyboard(
        subjects=subjects,
        setting=setting,
        time=_best(text, lexicon.TIMES) or lexicon.USUAL_TIME.get(setting, "day"),
        effects=effects,
        transform=transform,
        duel=bool(_hits(text, lexicon.DUEL)),
        ride=ride,
        shots=_shots(text, transform, rng, frames, fps),
    )


@functools.cache
def catalogue() -> dict[str, Subject]:
    """Every subject that can be drawn, by name."""
    found: dict[str, Subject] = {}
    for line in (ASSETS / "subjects.tsv").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        emoji, stage, listed = line.split("\t")
        words = [word.strip() for word in listed.split(",")]
        name = re.sub(r"[^a-z0-9]+", "-", words[0].casefold())
        weak = frozenset(word.lstrip("~") for word in words if word.startswith("~"))
        found[name] = Subject(name, emoji, stage, tuple(word.lstrip("~") for word in words), weak)
    return found


def nearest_subject(text: str) -> str:
    """The subject nearest in meaning, for words that the catalogue does not know."""
    from ..embedding import embed

    names = sorted(catalogue())
    labels = [", ".join(catalogue()[name].words[:3]) for name in names]
    scores = embed(labels) @ embed([text[:1000]])[0]
    return names[int(scores.argmax())]


def _plain(text: str) -> str:
    return " " + re.sub(r"[^\w' .-]+|\.(?=\s|$)", " ", text.casefold()).replace("  ", " ") + " "


@functools.cache
def _pattern(words: str) -> re.Pattern[str]:
    listed = sorted((re.escape(word.strip()) for word in words.split(",")), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(listed)})(?![\w-])")


def _hits(text: str, words: str) -> list[re.Match[str]]:
    return list(_pattern(words).finditer(text))


def _best(text: str, table: dict[str, str]) -> str | None:
    """The entry with the most and longest words; what is named first wins a tie."""
    scores: dict[str, tuple[int, int]] = {}
    for name, words in table.items():
        hits = _hits(text, words)
        if hits:
            distinct = {hit.group() for hit in hits}
            scores[name] = (sum(2 + word.count(" ") * 2 for word in distinct), -hits[0].start())
    return max(scores, key=lambda name: scores[name]) if scores else None


def _subjects(title: str, prompt: str) -> tuple[str, ...]:
    """Up to three subjects by weight: named in the title, named early, named with more words."""
    scores: dict[str, float] = {}
    for text, share in ((_plain(title), 1.0), (_plain(prompt), 1.6)):
        text = _pattern(lexicon.CRAFT).sub(" ", text)
        taken: set[int] = set()
        for position, word, names in _named(text):
            span = range(position, position + len(word))
            if taken.intersection(span):
                continue
            taken.update(span)
            early = 1.0 / (1.0 + position / 90.0)
            for name in names:
                strength = 0.25 if word in catalogue()[name].weak else 1.0 + 0.6 * word.count(" ")
                scores[name] = scores.get(name, 0.0) + share * strength * (0.35 + early)
    strong = {name: score for name, score in scores.items() if score >= 0.4 * max(scores.values())}
    # Who acts comes before what lies about, and a passer-by ("someone") only where nobody else is named.
    for name in strong:
        strong[name] *= (
            1.35 if catalogue()[name].stage in ("g", "b") and catalogue()[name].words[0] != "person" else 1.0
        )
    if len(strong) > 1:
        strong.pop("person", None)
    return tuple(sorted(strong, key=lambda name: (-strong[name], name))[:3])


def _named(text: str) -> list[tuple[int, str, list[str]]]:
    """Catalogue words in the text, longest first."""
    index, pattern = _word_index()
    hits = [(hit.start(), hit.group(), index[hit.group()]) for hit in pattern.finditer(text)]
    return sorted(hits, key=lambda hit: (-len(hit[1]), hit[0]))


@functools.cache
def _word_index() -> tuple[dict[str, list[str]], re.Pattern[str]]:
    index: dict[str, list[str]] = {}
    for subject in catalogue().values():
        for word in subject.words:
            if not index.get(word):
                index[word] = [subject.name]
    return index, _pattern(",".join(index))


def _ride(subjects: tuple[str, ...], text: str) -> tuple[str | None, tuple[str, ...]]:
    """A thing that the first animal or person rides ("cat on a skateboard"), taken out of the list of subjects."""
    riders = [
        name for name in subjects if catalogue()[name].stage in ("g", "b") and name not in lexicon.RIDES.split(", ")
    ]
    things = [name for name in subjects if name in lexicon.RIDES.split(", ")]
    for thing in things:
        words = "|".join(re.escape(word) for word in catalogue()[thing].words)
        if riders and re.search(rf"\b(?:on|riding|rides|ride|driving|drives)\s+(?:\w+\s+){{0,2}}(?:{words})\b", text):
            rest = tuple(name for name in subjects if name not in (thing, riders[0]))
            return thing, (riders[0], *rest)
    return None, subjects


def _shots(text: str, transform: bool, rng: random.Random, frames: int, fps: int) -> tuple[Shot, ...]:
    named = sorted((hits[0].start(), move) for move, words in lexicon.MOVES.items() if (hits := _hits(text, words)))
    moves = [move for _, move in named] + rng.sample(["push-in", "orbit", "pan", "tilt"], 4)
    count = max(2, round(frames / fps / SHOT_SECONDS))
    if count == 3 and not transform and rng.random() < 0.3:
        count = 2
    order: list[Framing] = _framings(text, transform, rng)
    cuts = [round(frames * (i + rng.uniform(-0.14, 0.14)) / count) for i in range(1, count)]
    edges = [0, *cuts, frames]
    return tuple(
        Shot(
            start=edges[i],
            end=edges[i + 1],
            move=moves[i % len(moves)],
            framing=order[i % len(order)],
            power=(i / (count - 1)) if transform else 0.0,
            flip=rng.random() < 0.5,
        )
        for i in range(count)
    )


def _framings(text: str, transform: bool, rng: random.Random) -> list[Framing]:
    if transform:
        return ["medium", "close", "close"]
    if _hits(text, lexicon.FRAMINGS["close"]):
        return ["close", "medium", "close"]
    if _hits(text, lexicon.FRAMINGS["wide"]):
        return ["wide", "medium", "wide"]
    return rng.choice([["wide", "close", "medium"], ["medium", "close", "wide"], ["wide", "medium", "close"]])
