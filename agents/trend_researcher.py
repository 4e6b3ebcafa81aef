"""The trend researcher: which videos on this topic are popular, which are not, and what separates them."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from ..prompts import render
from ..tools.contrast import Contrast, contrasts
from ..tools.errors import InputError, PopcornError
from ..tools.exemplar_groups import wanted
from ..tools.exemplars import Exemplar, Found, Store, group_records, open_store, search
from ..tools.prices import cost
from ..tools.query import validate_query
from ..tools.structured import Usage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langgraph.runtime import Runtime

    from ..graph.context import Context
    from ..graph.state import State

__all__ = ["Brief", "Contrast", "Search", "plan_searches", "research", "summarise", "validate_query"]
PROMPT_VERSION = "trend_researcher_v1"
TELLING = 30  # titles a side from which a tag's own groups speak for themselves


class Search(BaseModel):
    """One search that was made."""

    query: str
    tags: list[str]
    found: int
    note: str = ""


class Brief(BaseModel):
    """What the scriptwriter is told about the topic."""

    query: str
    tags: list[str] = []
    exemplars: list[Exemplar] = []
    contrasts: list[Contrast] = []
    searches: list[Search] = []
    source: str = ""
    origin: Literal["measured", "estimated"] | None = None
    usage: Usage = Usage()


async def research(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Brief for the query: nothing but the query in mode basic, else exemplars and what separates them.

    Raises InputError for an unusable query or store, PopcornError where the agent's model cannot plan searches.
    """
    context = runtime.context
    query = validate_query(state["query"])
    if context.mode == "basic":
        return {"brief": Brief(query=query)}
    planner = await _planner(context) if context.researcher == "agent" else None
    _say(runtime, "opening the exemplars")
    store = await asyncio.to_thread(open_store, context.exemplars, context.embedding)
    usage = Usage()
    if planner is None:
        _say(runtime, "looking for similar videos")
        found = [await asyncio.to_thread(_search, store, query, context)]
    else:
        found, usage = await plan_searches(query, context, store, planner, runtime)
    brief = await asyncio.to_thread(summarise, query, store, found, context)
    return {"brief": brief.model_copy(update={"usage": usage})}


async def plan_searches(
    query: str, context: Context, store: Store, model: BaseChatModel, runtime: Runtime[Context]
) -> tuple[list[Found], Usage]:
    """Let a tool-calling model search, at most context.max_searches times: every search that it asked for, in order.

    Raises PopcornError where the model takes no tools or makes no search.
    """
    from langchain.agents import create_agent
    from langchain.agents.middleware import ModelCallLimitMiddleware, ToolCallLimitMiddleware
    from langchain_core.messages import HumanMessage

    from ..tools.chat_client import Refused

    made: dict[int, Found] = {}
    numbers = itertools.count()

    async def search_exemplars(search_text: str) -> str:
        """Find existing videos near a short search text, popular and unpopular, with their comment counts."""
        try:
            query, number = validate_query(search_text), next(numbers)
        except InputError as error:
            return str(error)
        made[number] = found = await asyncio.to_thread(_search, store, query, context)
        _say(runtime, f"searched for {found.query!r}", step=len(made), total=context.max_searches)
        return _as_data(found)

    limits: list[Any] = [
        ToolCallLimitMiddleware(run_limit=context.max_searches),
        ModelCallLimitMiddleware(run_limit=context.max_searches + 2, exit_behavior="end"),
    ]
    [(_, system)] = await asyncio.to_thread(render, PROMPT_VERSION, max_searches=context.max_searches)
    try:
        # no checkpoints of its own: a resumed run repeats these searches, and the state stays small
        agent = create_agent(model, [search_exemplars], system_prompt=system, middleware=limits, checkpointer=False)
        limit = 6 * context.max_searches + 20
        answer = await agent.ainvoke({"messages": [HumanMessage(query)]}, {"recursion_limit": limit})
    except (NotImplementedError, Refused) as error:
        raise PopcornError(f"The model {context.llm!r} refused to work with a tool ({error}); {_REMEDY}.") from error
    if not made:
        raise PopcornError(f"The model {context.llm!r} answered without making a search; {_REMEDY}.")
    return [made[number] for number in sorted(made)], _spent(answer["messages"], context.llm)


def summarise(query: str, store: Store, found: list[Found], context: Context) -> Brief:
    """One brief of all searches: each video once, at its best similarity, in the proportions of the split; blocking."""
    best: dict[str, Exemplar] = {}
    for exemplar in (exemplar for one in found for exemplar in one.exemplars):
        if exemplar.video_id not in best or best[exemplar.video_id].similarity < exemplar.similarity:
            best[exemplar.video_id] = exemplar
    ranked = sorted(best.values(), key=lambda exemplar: -exemplar.similarity)
    sides = zip(("popular", "unpopular"), wanted(context.k, context.split), strict=True)
    kept = [exemplar for label, count in sides for exemplar in [e for e in ranked if e.label == label][:count]]
    tags = list(dict.fromkeys(tag for one in found for tag in one.tags))
    return Brief(
        query=query,
        tags=tags,
        exemplars=sorted(kept, key=lambda exemplar: -exemplar.similarity),
        contrasts=_contrasts(store, tags, context),
        searches=[Search(query=f.query, tags=f.tags, found=len(f.exemplars), note=f.note) for f in found],
        source=store.manifest.source,
        origin=store.manifest.origin,
    )


_REMEDY = "name one that calls tools with --llm, or use --researcher search"


async def _planner(context: Context) -> BaseChatModel:
    if context.llm == "embedded":
        raise InputError(f"The embedded model cannot plan searches; {_REMEDY}.")
    from ..tools.chat_model import chat_model

    return await asyncio.to_thread(
        chat_model, context.llm, temperature=context.temperature, seed=context.seed, timeout=context.llm_timeout
    )


def _spent(messages: list[Any], llm: str) -> Usage:
    counts = [message.usage_metadata or {} for message in messages if message.type == "ai"]
    tokens = [sum(count.get(side, 0) for count in counts) for side in ("input_tokens", "output_tokens")]
    return Usage(calls=len(counts), input_tokens=tokens[0], output_tokens=tokens[1], cost=cost(llm, *tokens))


def _search(store: Store, query: str, context: Context) -> Found:
    return search(store, query, k=context.k, tags=context.tags, split=context.split)


def _contrasts(store: Store, tags: list[str], context: Context) -> list[Contrast]:
    """What separates the groups of these tags; of all tags, and saying so, where these are too small to tell."""
    popular, unpopular = _titles(store, tags, context)
    measured = contrasts(popular, unpopular)
    if measured or min(len(popular), len(unpopular)) >= TELLING:
        return measured
    everywhere = contrasts(*_titles(store, store.tag_names(), context))
    return [c.model_copy(update={"sentence": f"Over all topics: {c.sentence}"}) for c in everywhere]


def _titles(store: Store, tags: list[str], context: Context) -> tuple[list[str], list[str]]:
    popular, unpopular = group_records(store, tags, context.split)
    return [record.title for record in popular], [record.title for record in unpopular]


def _as_data(found: Found) -> str:
    fields = {"title", "category", "comment_count", "label"}
    videos = [exemplar.model_dump(include=fields) for exemplar in found.exemplars]
    return json.dumps({"tags": found.tags, "videos": videos}, ensure_ascii=False)


def _say(runtime: Runtime[Context], message: str, **counts: int) -> None:
    runtime.stream_writer({"node": "research", "message": message, **counts})
