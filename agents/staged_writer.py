"""How a very small model writes: one field a call, three examples each, several seeds, and the candidate on the topic.

A model of 135 million parameters drifts from the topic and repeats its examples when it fills a whole record at once.
"""

import asyncio
import json
import re
from collections.abc import Callable
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

LOST = 0.34
"""A text that takes up a smaller share of the topic's words has lost it."""

CANDIDATES = {"title": 3, "video": 2, "cover": 2, "reason": 1}
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


class VideoField(BaseModel):
    """What is seen, what it does, and where."""

    text: str = Field(pattern=r"^[A-Z][A-Za-z0-9', -]{45,170}\.$")


class CoverField(BaseModel):
    """One sentence about a still picture."""

    text: str = Field(pattern=r"^Close-up of [A-Za-z0-9', -]{30,150}\.$")


class ReasonField(BaseModel):
    """One sentence about why it may work."""

    text: str = Field(pattern=r"^People will like it because [A-Za-z0-9', -]{30,180}\.$")


_FIELDS: dict[str, type[TitleField | VideoField | CoverField | ReasonField]] = {
    "title": TitleField,
    "video": VideoField,
    "cover": CoverField,
    "reason": ReasonField,
}


@dataclass
class Drafted:
    """The four fields, and what they cost."""

    title: str
    video_prompt: str
    cover_prompt: str
    reason: str
    usage: Usage


async def draft(
    model: "Chat",
    query: str,
    seed: int,
    taken: list[str],
    old_title: str,
    note: str,
    tell: Callable[[str, int], None],
) -> Drafted:
    """Four fields for the query; no title in `taken` (exemplars, earlier attempts) is written again.

    With `old_title` the title is rewritten from it; a `note` is what a reviewer asks for.
    `tell` gets a phrase and the number of the stage.
    """
    topic = topic_of(query)
    usage = Usage()

    async def stage(name: str, number: int, prompt: str, avoid: list[str]) -> str:
        nonlocal usage
        tell(f"writing the {name}", number)
        text, spent = await _best(model, name, prompt, topic, seed, avoid, old_title, note)
        usage += spent
        return text

    title = await stage("title", 1, "staged_retitle_v1" if old_title else "staged_title_v1", taken)
    video = await stage("video", 2, "staged_video_v1", [])
    cover = await stage("cover", 3, "staged_cover_v1", [])
    if overlap(cover, topic) < LOST:
        cover = f"Close-up of the scene: {video}"
    reason = await stage("reason", 4, "staged_reason_v1", [])
    return Drafted(title, f"{video} The camera {CAMERA[seed % len(CAMERA)]}.", cover, reason, usage)


def topic_of(query: str) -> str:
    """What the query is about, without "Create a video showcasing ..." and the final full stop."""
    line = " ".join(query.split())
    return (_REQUEST.sub("", line) or line).rstrip(" .!") or line


async def _best(
    model: "Chat", name: str, prompt: str, topic: str, seed: int, avoid: list[str], old_title: str, note: str
) -> tuple[str, Usage]:
    """The best of up to CANDIDATES[name] texts; the first that is good enough ends the search."""
    messages, shots = await asyncio.to_thread(messages_for, prompt, topic, old_title, note)
    usage, best, best_score = Usage(), "", -9.0
    for number in range(CANDIDATES[name]):
        client = model.model_copy(
            update={"seed": seed + SEED_STEP * number, "temperature": (model.temperature or 0) + 0.1 * number}
        )
        record, spent = await ask(client, messages, _FIELDS[name], "json_schema")
        usage += spent
        text = cut_title(record.text) if name == "title" else record.text
        score = await asyncio.to_thread(_score, text, topic, shots, avoid)
        if score > best_score:
            best, best_score = text, score
        if score >= GOOD_ENOUGH[name]:
            break
    return _grounded(name, best, best_score, topic, avoid), usage


def messages_for(prompt: str, topic: str, old_title: str, note: str) -> tuple[list["BaseMessage"], list[str]]:
    """The conversation, with the examples as earlier turns, and the examples' answers."""
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    values = {"topic": topic, "old": old_title} if old_title else {"topic": topic}
    turns = render(prompt, **values)
    if note:
        turns[-1] = ("user", f"{turns[-1][1]}\n{render('staged_note_v1', note=note)[0][1]}")
    kinds = {"system": SystemMessage, "example": HumanMessage, "user": HumanMessage}
    messages: list[BaseMessage] = [
        AIMessage(json.dumps({"text": text}, ensure_ascii=False)) if role == "answer" else kinds[role](text)
        for role, text in turns
    ]
    return messages, [text for role, text in turns if role == "answer"]


def _score(text: str, topic: str, shots: list[str], avoid: list[str]) -> float:
    """How far the text is on the topic (about 0 to 1), less what it repeats; -2 and lower for a copy."""
    vectors = embed([text, topic, *shots, *avoid])
    nearness = float(vectors[0] @ vectors[1])
    copies = vectors[2:] @ vectors[0]
    if len(copies) and (float(copies.max()) > 0.85 or any(_same(text, other) for other in [*shots, *avoid])):
        return -2.0 - float(copies.max())
    return 0.5 * nearness + 0.5 * overlap(text, topic) - 0.06 * _leaks(text, topic, shots) - 0.15 * _flaws(text, topic)


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


def _flaws(text: str, topic: str) -> int:
    """Words said again, numbers out of nowhere, a first person that the topic does not have."""
    words = [word.lower() for word in _WORDS.findall(text) if not _FILLER.fullmatch(word)]
    repeats = sum(_in(word, set(words[:place])) for place, word in enumerate(words))
    numbers = sum(any(sign.isdigit() for sign in word) and word not in topic.lower() for word in words)
    person = bool(_PERSON.search(text)) and not _PERSON.search(topic)
    return repeats + 2 * (numbers + person)


def _same(one: str, other: str) -> bool:
    return [word.lower() for word in _WORDS.findall(one)] == [word.lower() for word in _WORDS.findall(other)]


def _grounded(name: str, text: str, score: float, topic: str, avoid: list[str]) -> str:
    """The text, with the topic put before it, or as a title in its place, where the model lost it or only copied."""
    subject = topic[:1].upper() + topic[1:]
    if name == "title" and score < 0.25:
        forms = (subject, f"Three Seconds of {topic}", f"Up Close: {topic}", f"Look Again: {topic}")
        plain = [cut_title(form) for form in forms]  # they differ where they begin: a cut leaves them different
        return next((title for title in plain if not any(_same(title, other) for other in avoid)), plain[-1])
    if name == "video" and overlap(text, topic) < LOST:
        return f"{subject}: {text[:1].lower()}{text[1:]}"
    return text
