"""The critic: how popular the clip is likely to be, what is wrong with it, and whether to rewrite it."""

from __future__ import annotations

import asyncio
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import BaseModel, Field

from ..tools.contrast import MEASURES, TRAITS, terms
from ..tools.embedding import embed
from ..tools.popularity.explain import Effect, word_effects
from ..tools.popularity.features import normalise, strip_hashtags
from ..tools.popularity.predictor import Score, score_titles
from ..tools.renderers import Clip
from ..tools.signals import faults, measure, seen
from .scriptwriter import Script
from .trend_researcher import Brief

if TYPE_CHECKING:
    from langgraph.runtime import Runtime

    from ..graph.context import Context
    from ..graph.state import State

WORTH_SAYING = 3.0  # percentile points that a word must move to be named
OFF_TOPIC = 0.3  # cosine of title and query under which a title that shares no word with the query misses it
COPY = 0.9  # share of equal characters, in order, from which a title is near-verbatim
STEPS = 3


class Originality(BaseModel):
    """How near the title comes to the nearest exemplar."""

    similarity: float
    nearest_title: str = ""


class Critique(BaseModel):
    """A verdict with reasons that the writer can act on."""

    score: Score
    signals: dict[str, float] = Field({}, description="Technical signals measured on the finished file.")
    originality: Originality
    vetoes: list[str] = Field([], description="Faults that no score outweighs, each with what to do.")
    issues: list[str] = Field([], description="What else to change, each one sentence to the writer.")
    keep: list[str] = Field([], description="Words of the title that raise the estimate.")
    replace: list[str] = Field([], description="Words of the title that lower it.")
    verdict: Literal["accept", "revise"]


class Attempt(BaseModel):
    """One round of write, render and critique."""

    round: int
    script: Script
    clip: Clip | None = Field(description="None where an evaluation judges scripts alone.")
    critique: Critique


async def critique(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Judge the clip of this round: accept it, or send it back with reasons.

    Raises PopcornError where the clip cannot be read or the predictor's weights are damaged.
    """
    attempt = await judge(state, runtime, state["clip"])
    return {"critique": attempt.critique, "attempts": [attempt]}


async def judge(state: State, runtime: Runtime[Context], clip: Clip | None) -> Attempt:
    """Judge the script and its clip; without a clip, the script alone."""
    context, script, brief = runtime.context, state["script"], state["brief"]
    earlier = [attempt.script.title for attempt in state.get("attempts", [])]
    _say(runtime, "measuring the clip", 1)
    signals = await asyncio.to_thread(measure, clip.path) if clip else {}
    _say(runtime, "estimating its popularity", 2)
    score = (await asyncio.to_thread(score_titles, [script.title]))[0]
    _say(runtime, "comparing it with the exemplars", 3)
    originality = await asyncio.to_thread(originality_of, script.title, brief)
    promised = {"seconds", "width", "height", "audio"}
    vetoes = faults(signals, **clip.model_dump(include=promised)) if clip else []
    if originality.similarity >= context.max_similarity:
        vetoes.append(f'The title copies the exemplar "{originality.nearest_title}": write one of your own.')
    accepted = score.percentile >= context.target_percentile and not vetoes
    found = Reasons([], [], [])
    if not accepted:
        found = await asyncio.to_thread(reasons, script.title, score, brief, earlier, context, signals)
    verdict = Critique(
        score=score,
        signals=signals,
        originality=originality,
        vetoes=vetoes,
        **found._asdict(),
        verdict="accept" if accepted else "revise",
    )
    return Attempt(round=len(earlier) + 1, script=script, clip=clip, critique=verdict)


def best(attempts: list[Attempt], noise: float) -> Attempt:
    """The attempt to show: sound before vetoed; a later one only if it gains more percentile points than the noise."""
    chosen = attempts[0]
    for attempt in attempts[1:]:
        sound, chosen_sound = not attempt.critique.vetoes, not chosen.critique.vetoes
        gain = attempt.critique.score.percentile - chosen.critique.score.percentile
        if sound > chosen_sound or (sound == chosen_sound and gain > noise):
            chosen = attempt
    return chosen


def verdict_in_words(score: Score) -> str:
    """What a score means, for people: a rank with its interval, and why the interval is wide if it is."""
    low, high = (f"{2**value:,.0f}" for value in (score.low, score.high))
    caution = f"; {score.caution}" if score.caution else ""
    caution += f"; held at the median: {score.penalty}" if score.penalty else ""
    return (
        f"predicted to beat {score.percentile:.0f} of 100 MicroLens videos "
        f"(estimated from the title; 80 % interval {low} to {high} comments{caution})"
    )


def originality_of(title: str, brief: Brief) -> Originality:
    """The nearest exemplar by cosine, or by spelling where that is nearer; 0 without exemplars. Blocking."""
    titles = [exemplar.title for exemplar in brief.exemplars if strip_hashtags(exemplar.title)]
    if not titles:
        return Originality(similarity=0.0)
    own, *others = (normalise(strip_hashtags(text)) for text in (title, *titles))
    vectors = embed([own, *others])
    likeness = [
        max(float(cosine), ratio if (ratio := SequenceMatcher(None, own, other).ratio()) >= COPY else 0.0)
        for cosine, other in zip(vectors[1:] @ vectors[0], others, strict=True)
    ]
    nearest = max(range(len(titles)), key=likeness.__getitem__)
    return Originality(similarity=round(min(1.0, likeness[nearest]), 4), nearest_title=titles[nearest])


class Reasons(NamedTuple):
    """Sentences to the writer, and the words of the title that they would keep and replace."""

    issues: list[str]
    keep: list[str]
    replace: list[str]


def reasons(
    title: str, score: Score, brief: Brief, earlier: list[str], context: Context, signals: dict[str, float]
) -> Reasons:
    """What the writer can change, each a sentence, everything measured on this title, clip and brief. Blocking."""
    found = []
    if normalise(title) in {normalise(other) for other in earlier}:
        found.append("This title was tried before: write a different one.")
    if score.penalty:
        found.append(f"The title is not rated above the median, because {score.penalty}.")
    keep, replace = _telling_words(title, brief.query)
    found += _off_topic(title, brief.query)
    found += [
        f'"{effect.phrase}" lowers the estimate by {-effect.points:.0f} points: replace it.' for effect in replace
    ]
    found += _contrast_reasons(title, brief)
    found += _cases(brief) + seen(signals)
    if score.percentile < context.target_percentile:
        found.append(
            f"The title is predicted to beat {score.percentile:.0f} of 100 videos; "
            f"{context.target_percentile:.0f} are wanted, {context.target_percentile - score.percentile:.0f} more."
        )
    found += [f'"{effect.phrase}" raises the estimate by {effect.points:.0f} points: keep it.' for effect in keep]
    return Reasons(found, [effect.phrase for effect in keep], [effect.phrase for effect in replace])


def _cases(brief: Brief) -> list[str]:
    """The nearest popular exemplar to learn from, and the nearest unpopular one to stay away from."""
    found = []
    for label, sense in (
        ("popular", "for its form and not its words"),
        ("unpopular", "which yours should not resemble"),
    ):
        cases = [exemplar for exemplar in brief.exemplars if exemplar.label == label]
        if cases:
            near = max(cases, key=lambda exemplar: exemplar.similarity)
            comments = f"{near.comment_count:.0f} comments, {near.origin}"
            found.append(
                f'A{"n" * (label[0] == "u")} {label} title near this topic, {sense}: "{near.title}" ({comments}).'
            )
    return found


def _off_topic(title: str, query: str) -> list[str]:
    if _stems(query) & _stems(title):
        return []
    vectors = embed([title, query])
    if float(vectors[0] @ vectors[1]) >= OFF_TOPIC:
        return []
    return [f'The title does not say what was asked for: name "{query}" in it.']


def _stems(text: str) -> set[str]:
    """The content words by their first five letters, so that "transforms" meets "transformations"."""
    return {term[:5] for term in terms(text)}


def _telling_words(title: str, query: str) -> tuple[list[Effect], list[Effect]]:
    """What to keep, and what to replace."""
    asked = _stems(query)  # what was asked for is never to be replaced
    effects = [effect for effect in word_effects(title) if terms(effect.phrase)]
    lowering = [e for e in effects if e.points <= -WORTH_SAYING and not asked & _stems(e.phrase)][:2]
    raising = [effect for effect in effects if effect.points >= WORTH_SAYING][:1]
    return raising, lowering


def _contrast_reasons(title: str, brief: Brief) -> list[str]:
    """The two surest differences on whose unpopular side the title stands."""
    own = {name: value(title) for name, _, value in MEASURES} | {name: float(has(title)) for name, _, has in TRAITS}
    wrong = [
        contrast.sentence
        for contrast in brief.contrasts
        if contrast.name in own
        and abs(own[contrast.name] - contrast.popular) > abs(own[contrast.name] - contrast.unpopular)
    ]
    return [f"This title stands on the unpopular side of a difference: {sentence}" for sentence in wrong[:2]]


def _say(runtime: Runtime[Context], message: str, step: int) -> None:
    runtime.stream_writer({"node": "critique", "message": message, "step": step, "total": STEPS})
