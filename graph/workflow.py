"""The state machine: research -> write -> render -> critique -> (write again | finish); a person may be asked."""

import asyncio
import time
from functools import wraps
from typing import Any, Literal, Protocol, cast

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from ..agents.critic import Attempt, best, critique
from ..agents.renderer import render
from ..agents.reviewer import review_clip, review_script
from ..agents.scriptwriter import write
from ..agents.trend_researcher import research
from ..tools.errors import InputError
from ..tools.popularity.predictor import noise
from .admission import admitted, check_state
from .context import Context
from .folders import new_run_id, run_folder, save_update
from .result import Result, compose
from .spans import RUNS, of_node
from .state import FORMAT, InputState, State, Timing, typed

Builder = StateGraph[State, Context, InputState, State]
_LOOP = {"write", "render", "critique"}
_LISTS = {"attempts", "reviews"}


class Node(Protocol):
    """A node: reads the state and the knobs, returns only what changed."""

    async def __call__(self, state: State, runtime: Runtime[Context]) -> dict[str, Any]: ...


async def finish(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Choose the best attempt, never merely the last, and put the result together."""
    return {"result": await asyncio.to_thread(_result, state, runtime.context)}


def _result(state: State, context: Context) -> Result:
    seconds: dict[str, float] = {}
    for timing in state["timings"]:
        seconds[timing.node] = seconds.get(timing.node, 0.0) + timing.seconds
    return compose(
        run_id=state["run_id"],
        brief=state["brief"],
        attempts=state["attempts"],
        reviews=state.get("reviews", []),
        chosen=_chosen(state),
        settings=context,
        seconds=seconds,
        folder=run_folder(context.runs_dir, state["run_id"]),
    )


def _chosen(state: State) -> Attempt:
    """The clip that the reviewer approved, else the best by the critic."""
    reviews = state.get("reviews", [])
    if reviews and (reviews[-1].of, reviews[-1].action) == ("clip", "approve"):
        return state["attempts"][reviews[-1].round - 1]
    return best(state["attempts"], noise())


def after_write(state: State) -> Literal["review_script", "render"]:
    """Ask the reviewer where that is wanted."""
    return "review_script" if state.get("goto") == "review_script" else "render"


def after_script_review(state: State) -> Literal["render", "write", "finish", "__end__"]:
    """Render what was approved or edited; a stop keeps the best attempt, if there is one."""
    action = state["reviews"][-1].action
    if action == "stop":
        return "finish" if state["attempts"] else "__end__"
    return "write" if action == "reject" else "render"


def after_critique(state: State) -> Literal["review_clip", "write", "finish"]:
    """Ask the reviewer where that is wanted; else finish when the critic accepts or the rounds are used up."""
    goto = state.get("goto")
    return "review_clip" if goto == "review_clip" else "write" if goto == "write" else "finish"


def _goto(name: str, state: State, update: dict[str, Any], context: Context) -> dict[str, Any]:
    """Where the knobs lead from here; kept in the state, since whoever edits a thread's state brings no knobs."""
    if name == "write":
        return {"goto": "review_script" if context.review in {"script", "both"} else "render"}
    if name != "critique":
        return {}
    if context.review in {"clip", "both"}:
        return {"goto": "review_clip"}
    accepted = update["critique"].verdict == "accept"
    used_up = len(state.get("attempts", [])) >= context.max_revisions
    return {"goto": "finish" if accepted or used_up else "write"}


def after_clip_review(state: State) -> Literal["finish", "render", "write"]:
    """Finish with what was approved, render what was edited, write anew what was rejected."""
    action = state["reviews"][-1].action
    if action == "reject":
        return "write"
    return "render" if action == "edit" else "finish"


def asked(name: str, node: Node) -> Node:
    """Let a reviewer decide; an edited script is written to its attempt's folder before the checkpoint is taken."""

    @wraps(node)
    async def run(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        with of_node(name) as tell:
            context, state = await admitted(runtime.context), typed(state)
            await check_state(state, context)
            round_ = len(state.get("attempts") or []) + 1
            tell(state["run_id"], round_, context, {})
            update = await node(state, runtime.override(context=context))
            await asyncio.to_thread(save_update, context.runs_dir, state["run_id"], round_, update)
            return update

    return run


def recorded(name: str, node: Node) -> Node:
    """Time a node, announce it, and write what it returned to the run's folder before the checkpoint is taken."""

    @wraps(node)
    async def run(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        with of_node(name) as tell:
            context = await admitted(runtime.context)
            begun, fresh = _begin(state) if name == "research" else {}, "format" not in state
            state = typed(cast(State, {**state, **begun, **{key: [] for key in begun.keys() & _LISTS}}))
            await check_state(state, context, new=fresh)
            round_ = len(state.get("attempts") or []) + 1 if name in _LOOP else 0
            tell(state["run_id"], round_, context, {})
            runtime.stream_writer({"node": name, "event": "start", "round": round_})
            began, started = time.time(), time.perf_counter()
            update = await node(state, runtime.override(context=context))
            await asyncio.to_thread(save_update, context.runs_dir, state["run_id"], round_, update)
            seconds = time.perf_counter() - started
            runtime.stream_writer({"node": name, "event": "end", "round": round_, "seconds": seconds})
            timing = Timing(node=name, round=round_, seconds=seconds, started=began, **_consumed(update))
            tell(state["run_id"], round_, context, update)
            return {**begun, **update, **_goto(name, state, update, context), "timings": [timing]}

    return run


def _consumed(update: dict[str, Any]) -> dict[str, Any]:
    """Tokens and cost of a node that asked a model, seconds of the device of one that rendered."""
    if "clip" in update:
        return {"device_seconds": update["clip"].device_seconds}
    spoken = update.get("script") or update.get("brief")
    return {"usage": spoken.usage} if spoken else {}


def _begin(state: State) -> dict[str, Any]:
    """A new thread needs a folder; a new query on an old thread needs one of its own, and no earlier attempts."""
    if not isinstance(state.get("query"), str):
        raise InputError('The input needs a query: {"query": "what the video shall be about"}.')
    run_id = state.get("run_id")
    if run_id is None or state.get("attempts") or state.get("reviews"):
        run_id = new_run_id(state["query"])
    return {"run_id": run_id, "format": FORMAT, "attempts": None, "reviews": None}


def build_graph(
    *,
    research: Node = research,
    write: Node = write,
    render: Node = render,
    critique: Node = critique,
    finish: Node = finish,
) -> Builder:
    """The graph before compilation; a node can be replaced by any function of the same form."""
    builder = Builder(State, context_schema=Context, input_schema=InputState)
    builder.add_node("research", recorded("research", research))
    builder.add_node("write", recorded("write", write))
    builder.add_node("review_script", asked("review_script", review_script))
    builder.add_node("render", recorded("render", render))
    builder.add_node("critique", recorded("critique", critique))
    builder.add_node("review_clip", asked("review_clip", review_clip))
    builder.add_node("finish", recorded("finish", finish))
    builder.add_edge(START, "research")
    builder.add_edge("research", "write")
    builder.add_conditional_edges("write", after_write)
    builder.add_conditional_edges("review_script", after_script_review)
    builder.add_edge("render", "critique")
    builder.add_conditional_edges("critique", after_critique)
    builder.add_conditional_edges("review_clip", after_clip_review)
    builder.add_edge("finish", END)
    return builder


graph = build_graph().compile(name="popcorn").with_config(callbacks=[RUNS])
