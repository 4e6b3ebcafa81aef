"""How a very small model writes: one field a call, three examples each, several seeds, and the candidate on the topic.

A model of 135 million parameters drifts from the topic and repeats its examples when it fills a whole record at once.
"""

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from ..prompts import render
from ..tools.embedding import embed
from ..tools.structured import Usage, ask
from .script_text import cut_title

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from ..tools.chat_client import Chat
    from ..tools.contrast import Contrast

LOST = 0.34
"""A text that takes up a smaller share of the topic's words has lost it."""

CANDIDATES = {"title": 3, "video": 2, "cover": 2, "reason": 1}
WARMER = 0.2
"""Added to the temperature of titles: without it every seed writes the same one."""
GOOD_ENOUGH = {"title": 0.75, "video": 0.6, "cover": 0.5, "reason": 0.45}
SEED_STEP = 7919
"""Seeds of one call's candidates lie this far apart, so that the rounds of a run (seed + 1, ...) never meet them."""

CAMERA = (
    "slowly pushes in",
    "circles around",
    "tracks alongside",
    "tilts up slowly",
    "pans across the scene",
    "slowly pulls back",
)
"""The camera's moves, taken in turn by seed: asked to choose, the model always takes the same one."""

_PERSON = re.compile(r"\b(?:I|I'm|my|we|our|you|your)\b", re.IGNORECASE)
_WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_REQUEST = re.compile(
    r"^\W*(?:(?:please|can you|could you)\s+)?(?:(?:create|make|film|show|write|produce|generate|design)\s+(?:me\s+)?)?"
    r"(?:(?:an?|the|some)\s+)?(?:(?:short|funny|quick|micro)[ -])*(?:video|clip|micro-video)s?\s+"
    r"(?:(?:that\s+)?(?:showcas|show|captur|featur|highlight|explor|explain|depict)(?:ing|s|es)?"
    r"|about|of|on|where|in which)\s+",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"an?|the|and|or|of|in|on|at|to|for|with|my|your|our|his|her|their|its?|is|are|be|this|that|these|those|how|why|what"
    r"|who|when|something|someone|some|people|makes?|making|most|about|from|by|as|into|videos?|clip",
    re.IGNORECASE,
)


class TitleField(BaseModel):
    """One title; longer than it may be, since a limit would cut words, and then cut between them."""

    text: str = Field(pattern=r"^[A-Z][A-Za-z0-9', -]{7,58}[a-z0-9]$")


class FirstPersonTitleField(BaseModel):
    """A title whose first word is given: the model does not take up a form that it is only shown."""

    text: str = Field(pattern=r"^(I|My|We) [A-Za-z0-9', -]{7,55}[a-z0-9]$")


class ViewerTitleField(BaseModel):
    """A title whose first words are given, as above."""

    text: str = Field(pattern=r"^(You|Your|Have You|Did You|Would You) [A-Za-z0-9', -]{7,50}[a-z0-9]$")


class VideoField(BaseModel):
    """What is seen, what it does, and where."""

    text: str = Field(pattern=r"^[A-Z][A-Za-z0-9', -]{45,170}\.$")


class CoverField(BaseModel):
    """One sentence about a still picture."""

    text: str = Field(pattern=r"^Close-up of [A-Za-z0-9', -]{30,150}\.$")


class ReasonField(BaseModel):
    """One sentence about why it may work."""

    text: str = Field(pattern=r"^People will like it because [A-Za-z0-9', -]{30,180}\.$")


_FIELDS: dict[str, type[BaseModel]] = {
    "title": TitleField,
    "title_first": FirstPersonTitleField,
    "title_viewer": ViewerTitleField,
    "video": VideoField,
    "cover": CoverField,
    "reason": ReasonField,
}


_TRAITS = {"first_person": "title_first", "second_person": "title_viewer"}
"""The form of a title by the name of the contrast that speaks for it."""


def title_forms(contrasts: "Sequence[Contrast]", rewriting: bool) -> list[str]:
    """The forms to try, one a round: what marks the popular exemplars first, then other forms that speak to people.

    Without such a mark the first script is plain.
    """
    marked = [_TRAITS[c.name] for c in contrasts if c.name in _TRAITS and c.z > 0]
    if marked:
        return list(dict.fromkeys([*marked, *_TRAITS.values()]))
    return ["title", *_TRAITS.values()] if rewriting else ["title"]


@dataclass
class Asked:
    """What a script is asked to be."""

    topic: str
    seed: int
    form: str
    taken: list[str]
    keep: list[str]
    replace: list[str]
    note: str = ""


@dataclass
class Drafted:
    """The four fields, and what they cost."""

    title: str
    video_prompt: str
    cover_prompt: str
    reason: str
    usage: Usage


async def draft(model: "Chat", asked: Asked, tell: Callable[[str, int], None]) -> Drafted:
    """Four fields for the topic; no title in `taken` (exemplars, earlier attempts) is written again.

    Words to keep and to replace are what the critic found; a `note` is what a reviewer asks for.
    `tell` gets a phrase and the number of the stage.
    """
    usage = Usage()

    async def stage(name: str, number: int, form: str) -> str:
        nonlocal usage
        tell(f"writing the {name}", number)
        text, spent = await _best(model, name, form, asked)
        usage += spent
        return text

    title = await stage("title", 1, asked.form)
    video = await stage("video", 2, "video")
    cover = await stage("cover", 3, "cover")
    if overlap(cover, asked.topic) < LOST:
        cover = f"Close-up of the scene: {video}"
    reason = await stage("reason", 4, "reason")
    return Drafted(title, f"{video} The camera {CAMERA[asked.seed % len(CAMERA)]}.", cover, reason, usage)


def topic_of(query: str) -> str:
    """What the query is about, without "Create a video showcasing ..." and the final full stop."""
    line = " ".join(query.split())
    return (_REQUEST.sub("", line) or line).rstrip(" .!") or line


async def _best(model: "Chat", name: str, form: str, asked: Asked) -> tuple[str, Usage]:
    """The best of up to CANDIDATES[name] texts; the first that is good enough ends the search."""
    messages, shots = await asyncio.to_thread(messages_for, f"staged_{form}_v1", asked.topic, asked.note)
    usage, best, best_score = Usage(), "", -9.0
    warmth = WARMER if name == "title" else 0.0
    for number in range(CANDIDATES[name]):
        update = {
            "seed": asked.seed + SEED_STEP * number,
            "temperature": (model.temperature or 0) + warmth + 0.1 * number,
        }
        record, spent = await ask(model.model_copy(update=update), messages, _FIELDS[form], "json_schema")
        usage += spent
        text = str(record.model_dump()["text"])
        text = cut_title(text) if name == "title" else text
        score = await asyncio.to_thread(_score, name, text, shots, asked)
        if score > best_score:
            best, best_score = text, score
        if score >= GOOD_ENOUGH[name]:
            break
    return _grounded(name, form, best, best_score, asked), usage


def messages_for(prompt: str, topic: str, note: str) -> tuple[list["BaseMessage"], list[str]]:
    """The conversation, with the examples as earlier turns, and the examples' answers."""
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    turns = render(prompt, topic=topic)
    if note:
        turns[-1] = ("user", f"{turns[-1][1]}\n{render('staged_note_v1', note=note)[0][1]}")
    kinds = {"system": SystemMessage, "example": HumanMessage, "user": HumanMessage}
    messages: list[BaseMessage] = [
        AIMessage(json.dumps({"text": text}, ensure_ascii=False)) if role == "answer" else kinds[role](text)
        for role, text in turns
    ]
    return messages, [text for role, text in turns if role == "answer"]


def _score(name: str, text: str, shots: list[str], asked: Asked) -> float:
    """How far the text is on the topic (about 0 to 1), less what it repeats; -2 and lower for a copy.

    A title gains by what the critic would keep, and loses by what it would replace.
    """
    topic, avoid = asked.topic, asked.taken if name == "title" else []
    vectors = embed([text, topic, *shots, *avoid])
    nearness = float(vectors[0] @ vectors[1])
    copies = vectors[2:] @ vectors[0]
    if len(copies) and (float(copies.max()) > 0.85 or any(_same(text, other) for other in [*shots, *avoid])):
        return -2.0 - float(copies.max())
    score = 0.5 * nearness + 0.5 * overlap(text, topic) - 0.06 * _leaks(text, topic, shots)
    person = name == "title" and asked.form in _TRAITS.values()
    score -= 0.15 * _flaws(text, topic, person)
    if name == "title":
        said = text.lower()
        score += 0.1 * (sum(p.lower() in said for p in asked.keep) - sum(p.lower() in said for p in asked.replace))
    return score


def overlap(text: str, topic: str) -> float:
    """The share of the topic's words that the text takes up, inflections apart."""
    wanted = _content(topic)
    return sum(_in(word, _content(text)) for word in wanted) / len(wanted) if wanted else 0.0


def _content(text: str) -> set[str]:
    """The words that carry meaning."""
    words = (word.lower().removesuffix("'s") for word in _WORDS.findall(text))
    return {word for word in words if not _FILLER.fullmatch(word)}


def _in(word: str, words: set[str]) -> bool:
    """Whether one of the words begins like this one, but for its last letter or two: erupts, erupting."""
    return any(word[: _root(word, other)] == other[: _root(word, other)] for other in words)


def _root(one: str, other: str) -> int:
    """How many first letters two words must share to be forms of one word."""
    shorter = min(len(one), len(other))
    return shorter - (0 if shorter < 4 else 1 if shorter < 9 else 2)


def _leaks(text: str, topic: str, shots: list[str]) -> int:
    """Words of the examples that the topic does not call for."""
    ours = _content(topic) | {"close", "like"}
    return len({word for word in _content(text) & _content(" ".join(shots)) if not _in(word, ours)})


def _flaws(text: str, topic: str, person_wanted: bool = False) -> int:
    """Words said again, numbers out of nowhere, an I or a you that neither the topic nor the form asks for."""
    words = [word.lower() for word in _WORDS.findall(text) if not _FILLER.fullmatch(word)]
    repeats = sum(_in(word, set(words[:place])) for place, word in enumerate(words))
    numbers = sum(any(sign.isdigit() for sign in word) and word not in topic.lower() for word in words)
    person = bool(_PERSON.search(text)) and not (person_wanted or _PERSON.search(topic))
    return repeats + 2 * (numbers + person)


def _same(one: str, other: str) -> bool:
    return [word.lower() for word in _WORDS.findall(one)] == [word.lower() for word in _WORDS.findall(other)]


def _grounded(name: str, form: str, text: str, score: float, asked: Asked) -> str:
    """The text, with the topic put before it, or as a title in its place, where the model lost it or only copied."""
    subject = asked.topic[:1].upper() + asked.topic[1:]
    if name == "title" and score < 0.25:
        phrases = [*_PLAIN[form], *(phrase for phrases in _PLAIN.values() for phrase in phrases)]
        plain = [cut_title(phrase.format(subject=subject, topic=_in_a_sentence(asked.topic))) for phrase in phrases]
        return next((title for title in plain if not any(_same(title, other) for other in asked.taken)), plain[-1])
    if name == "video" and overlap(text, asked.topic) < LOST:
        return f"{subject}: {text[:1].lower()}{text[1:]}"
    return text


_PLAIN = {
    "title": ("{subject}", "Up Close: {topic}", "Look Again: {topic}"),
    "title_first": ("I Love {topic}", "I Can't Stop Watching {topic}"),
    "title_viewer": ("You Have to See {topic}", "Have You Seen {topic}"),
}
"""Titles by form around a topic that the model lost; they differ where they begin, so that a cut leaves them so."""


def _in_a_sentence(topic: str) -> str:
    """The topic as it stands inside a sentence: a first word that is no name begins small."""
    first, space, rest = topic.partition(" ")
    return f"{first.lower()}{space}{rest}" if _FILLER.fullmatch(first) else topic
