"""From the words of a prompt to a storyboard: subjects, setting, light, effects, and shots with camera moves."""

import random
from typing import Literal

from pydantic import BaseModel, ConfigDict

from . import habits, lexicon
from .casting import acts, catalogue, company, duel_of, hits, nearest_subject, pattern, plain, ride_of, subjects_of

SHOT_SECONDS = 1.05  # a cut about every second keeps three seconds moving
Framing = Literal["wide", "medium", "close"]


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

    `subjects` is empty where the setting is the subject (a volcano, a beach at sunset). `mood` seeds all that is drawn:
    two prompts in one setting are two places. `travels`: the subject moves on, so the setting passes by.
    """

    model_config = ConfigDict(frozen=True)

    subjects: tuple[str, ...]
    setting: str
    time: str
    effects: tuple[str, ...]
    transform: bool
    duel: bool
    ride: str | None
    travels: bool
    title_top: bool
    mood: int
    shots: tuple[Shot, ...]


def storyboard(
    prompt: str, title: str, seed: int, frames: int, fps: int, like: "Storyboard | None" = None
) -> Storyboard:
    """Decide what is seen; the same words and seed give the same storyboard.

    What the words do not say is as in `like`; without it, the subject is the nearest in meaning, in a place of its own.
    """
    mood = like.mood if like else random.Random(f"{seed}\n{title}\n{prompt}").getrandbits(31)
    rng = random.Random(mood)
    words, text = plain(title), plain(f"{title} . {prompt}")
    named = subjects_of(title, prompt)
    places = pattern(lexicon.CRAFT).sub(" ", text)  # "shallow depth of field" is no field
    setting, time = _best(places, lexicon.SETTINGS, words), _best(text, lexicon.TIMES, words)
    shown = lexicon.SHOWN.get(setting or "", "").split(", ")
    subjects = tuple(name for name in named if name not in shown)
    if not named and like:
        subjects = like.subjects[:1]
    elif not named and not setting:  # where a place is named, the place is what is to be seen
        subjects = (nearest_subject(f"{title}. {prompt}"),)
    if like:
        setting, time = setting or like.setting, time or (like.time if setting in (None, like.setting) else None)
    setting = setting or _home(subjects, text, words, rng)
    time = time or lexicon.USUAL_TIME.get(setting, "day")
    effects = tuple(name for name, listed in lexicon.EFFECTS.items() if hits(text, listed))[:3]
    subjects = subjects[:1] + tuple(name for name in subjects[1:] if lexicon.EFFECT_ART.get(name) not in effects)
    ride, subjects = ride_of(subjects, text)
    duel, subjects = duel_of(subjects, text)
    subjects = subjects if ride or duel else company(subjects)
    hero = subjects[0] if subjects else None
    changes = {hit.group() for hit in hits(text, lexicon.TRANSFORM)}
    # A thing changes only where that is what the clip is about; a word in passing does not transform a bowl.
    transform = bool(hero and changes and (acts(hero) or len(changes) > 1 or hits(words, lexicon.TRANSFORM)))
    travels = not (duel or transform) and bool({ride, hero} & set(habits.TRAVELLERS.split(", ")))
    return Storyboard(
        subjects=subjects,
        setting=setting,
        time=time,
        effects=effects,
        transform=transform,
        duel=duel,
        ride=ride,
        travels=travels,
        title_top=_title_top(subjects, rng),
        mood=mood,
        shots=_shots(text, transform, not subjects, rng, frames, fps),
    )


def _home(subjects: tuple[str, ...], text: str, title: str, rng: random.Random) -> str:
    """A setting for words that name none: where the subject belongs, a state of mind, or the plain studio."""
    weak = lexicon.WEAK_SETTINGS
    places = [place for place, names in habits.HOMES.items() if subjects and subjects[0] in names.split(", ")]
    if places:
        return _best(text, {place: weak[place] for place in places if place in weak}, title) or rng.choice(places)
    return _best(text, weak, title) or ("studio" if subjects else "dream")


def _title_top(subjects: tuple[str, ...], rng: random.Random) -> bool:
    """Whether the type stands above the subject: always over a bust, never over what hangs in the air."""
    stage = catalogue()[subjects[0]].stage if subjects else "a"
    return stage == "b" or (stage in "gt" and rng.random() < 0.5)


def _best(text: str, table: dict[str, str], title: str) -> str | None:
    """The entry with the most and longest words, those of the title counted twice; what is named first wins a tie."""
    scores: dict[str, tuple[int, int]] = {}
    for name, words in table.items():
        found = hits(text, words)
        if found:
            distinct = {hit.group() for hit in found}
            doubled = {hit.group() for hit in hits(title, words)}
            scores[name] = (sum(2 + word.count(" ") * 2 for word in (*distinct, *doubled)), -found[0].start())
    return max(scores, key=lambda name: scores[name]) if scores else None


def _shots(text: str, transform: bool, empty: bool, rng: random.Random, frames: int, fps: int) -> tuple[Shot, ...]:
    named = sorted((found[0].start(), move) for move, words in lexicon.MOVES.items() if (found := hits(text, words)))
    moves = [move for _, move in named]
    others = [move for move in ("push-in", "orbit", "pan", "tilt", "pull-out") if move not in moves]
    moves += rng.sample(others, len(others))
    count = max(2, round(frames / fps / SHOT_SECONDS))
    if count == 3 and not transform and rng.random() < 0.3:
        count = 2
    order: list[Framing] = ["wide", "medium", "wide"] if empty else _framings(text, transform, rng)
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
    if hits(text, lexicon.FRAMINGS["close"]):
        return ["close", "medium", "close"]
    if hits(text, lexicon.FRAMINGS["wide"]):
        return ["wide", "medium", "wide"]
    return rng.choice(
        [
            ["wide", "close", "medium"],
            ["medium", "close", "medium"],
            ["wide", "medium", "close"],
            ["close", "wide", "medium"],
        ]
    )
