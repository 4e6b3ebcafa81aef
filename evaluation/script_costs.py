"""What one script is expected to cost: calls and tokens, from the real prompts of a few of the queries."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ..agents import script_prompt, staged_writer
from ..agents.critic import Attempt, Critique, Originality
from ..agents.scriptwriter import Script
from ..agents.trend_researcher import Brief, summarise
from ..graph.context import Context
from ..prompts import render
from ..tools.chat_model import profile
from ..tools.exemplars import open_store, search
from ..tools.popularity.predictor import Score

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

SAMPLE = 8
"""Queries whose prompts are written out, spread over the plan's."""

CHARACTERS = 4
"""Characters a token: a rule of thumb for English."""

TURN = 5
"""Tokens that a chat template adds to a message."""

STAGED_CALLS = {"title": 2.7, "video": 1.75, "cover": 1.75, "reason": 1.0}
"""Candidates that the embedded writer asks for, by field: means of 21 to 28 scripts."""

STAGED_ANSWER = {"title": 64, "video": 128, "cover": 124, "reason": 140}
"""Characters of a candidate with its JSON, such as CHARACTERS makes the tokens that were measured."""

WHOLE_CALLS = 1.1
"""One answer in ten is sent back, for its form or its title (assumed)."""

WHOLE_ANSWER = {"basic": 900, "pe": 2800}
"""Characters of a record: title, cover and video prompt; with analysis, ideas and check before them (assumed)."""

REMARK = "A remark of the critic's, as long as most: which word to replace, what the popular titles do, by how much."


@dataclass(frozen=True)
class Tokens:
    """Expected calls, and tokens in and out."""

    calls: float = 0.0
    read: float = 0.0
    written: float = 0.0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(self.calls + other.calls, self.read + other.read, self.written + other.written)

    def __mul__(self, factor: float) -> "Tokens":
        return Tokens(self.calls * factor, self.read * factor, self.written * factor)


def is_staged(context: Context) -> bool:
    """Whether the writer asks for one field a call."""
    return profile(context.llm, context.gguf, context.context_tokens).staged


def script_cost(context: Context, queries: list[str], round_: int) -> Tokens:
    """One script of this round (1: the first), as the mean over the queries; blocking. Opens the exemplar store."""
    one: Callable[[str], Tokens] = _staged if is_staged(context) else (lambda query: _whole(query, context, round_))
    return _mean([one(query) for query in queries])


def research_cost(context: Context, queries: list[str]) -> Tokens:
    """The research of one trial: nothing but for the agent, which is taken to make every search that it may."""
    if context.mode == "basic" or context.researcher == "search":
        return Tokens()
    return _mean([_agent(query, context) for query in queries])


def sample(queries: list[str]) -> list[str]:
    """At most SAMPLE different queries, spread evenly."""
    different = list(dict.fromkeys(queries))
    count = min(SAMPLE, len(different))
    return [different[place * len(different) // count] for place in range(count)]


def _staged(query: str) -> Tokens:
    total = Tokens()
    topic = staged_writer.topic_of(query)
    for field, calls in STAGED_CALLS.items():
        messages, _ = staged_writer.messages_for(f"staged_{field}_v1", topic, "")
        total += Tokens(1, _read(messages), STAGED_ANSWER[field] / CHARACTERS) * calls
    return total


def _whole(query: str, context: Context, round_: int) -> Tokens:
    template = f"scriptwriter_{context.mode}_v1" if round_ == 1 else "scriptwriter_revise_v1"
    room = profile(context.llm, context.gguf, context.context_tokens).context_tokens
    earlier = [_typical_attempt(number) for number in range(1, round_)]
    brief = None if context.mode == "basic" else _brief(query, *_research_settings(context))
    messages, _ = script_prompt.messages_for(template, query, brief, earlier, room)
    answer = WHOLE_ANSWER["basic" if template == "scriptwriter_basic_v1" else "pe"] / CHARACTERS
    return Tokens(1, _read(messages), answer) * WHOLE_CALLS


def _agent(query: str, context: Context) -> Tokens:
    """Every call reads what all searches before it found."""
    system = render("trend_researcher_v1", max_searches=context.max_searches)[0][1]
    exemplars = _brief(query, *_research_settings(context)).exemplars
    found = sum(len(exemplar.title) + len(exemplar.category) + 70 for exemplar in exemplars) / CHARACTERS
    calls = context.max_searches + 1
    return Tokens(calls, calls * (len(system) + len(query)) / CHARACTERS + found * calls * (calls - 1) / 2, 30 * calls)


def _research_settings(context: Context) -> tuple[str, str, int, int, str]:
    return context.exemplars, context.embedding, context.k, context.tags, context.split


@lru_cache(maxsize=256)
def _brief(query: str, exemplars: str, embedding: str, k: int, tags: int, split: str) -> Brief:
    context = Context.model_validate(
        {"exemplars": exemplars, "embedding": embedding, "k": k, "tags": tags, "split": split}
    )
    store = open_store(exemplars, embedding)
    return summarise(query, store, [search(store, query, k=k, tags=tags, split=context.split)], context)


def _typical_attempt(number: int) -> Attempt:
    """An attempt with texts of the usual lengths, for the history that a rewrite reads."""
    script = Script(reasoning="", title="t" * 45, cover_prompt="c" * 350, video_prompt="v" * 450)
    score = Score(log2_comments=5, percentile=50, low=4, high=6)
    critique = Critique(score=score, originality=Originality(similarity=0.5), issues=[REMARK] * 6, verdict="revise")
    return Attempt(round=number, script=script, clip=None, critique=critique)


def _read(messages: "list[BaseMessage]") -> float:
    return sum(len(message.text) / CHARACTERS + TURN for message in messages)


def _mean(costs: list[Tokens]) -> Tokens:
    total = sum(costs, Tokens())
    return total * (1 / len(costs)) if costs else total
