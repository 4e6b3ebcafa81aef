"""The state machine: research -> write -> render -> critique -> (write again | finish)."""

import asyncio
import time
from functools import wraps
from typing import Any, Literal, Protocol, cast

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from ..agents.critic import best, critique
from ..agents.renderer import render
from ..agents.scriptwriter import write
from ..agents.trend_researcher import research
from ..tools.popularity.predictor import noise
from .context import Context
from .folders import new_run_id, run_folder, save_update
from .result import Result, compose
from .state import InputState, State, Timing

Builder = StateGraph[State, Context, InputState, State]
_LOOP = {"write", "render", "critique"}


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
        chosen=best(state["attempts"], noise()),
        settings=context,
        seconds=seconds,
        folder=run_folder(context.runs_dir, state["run_id"]),
    )


def route(state: State, runtime: Runtime[Context]) -> Literal["write", "finish"]:
    """Finish when the critic accepts or the rounds are used up; else write again."""
    limit = (runtime.context or Context()).max_revisions + 1
    accepted = state["attempts"][-1].critique.verdict == "accept"
    return "finish" if accepted or len(state["attempts"]) >= limit else "write"


def recorded(name: str, node: Node) -> Node:
    """Time a node, announce it, and write what it returned to the run's folder before the checkpoint is taken."""

    @wraps(node)
    async def run(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        context = runtime.context or Context()  # a plain call of the graph brings none
        begun = _begin(state) if name == "research" else {}
        state = cast(State, {**state, **begun})
        round_ = len(state.get("attempts") or []) + 1 if name in _LOOP else 0
        runtime.stream_writer({"node": name, "event": "start", "round": round_})
        started = time.perf_counter()
        update = await node(state, runtime.override(context=context))
        await asyncio.to_thread(save_update, context.runs_dir, state["run_id"], round_, update)
        seconds = time.perf_counter() - started
        runtime.stream_writer({"node": name, "event": "end", "round": round_, "seconds": seconds})
        return {**begun, **update, "timings": [Timing(node=name, round=round_, seconds=seconds)]}

    return run


def _begin(state: State) -> dict[str, Any]:
    """A new thread needs a folder; a new query on an old thread needs one of its own, and no earlier attempts."""
    run_id = state.get("run_id")
    if run_id is None or state.get("attempts"):
        run_id = new_run_id(state["query"])
    return {"run_id": run_id, "attempts": None}


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
    builder.add_node("render", recorded("render", render))
    builder.add_node("critique", recorded("critique", critique))
    builder.add_node("finish", recorded("finish", finish))
    builder.add_edge(START, "research")
    builder.add_edge("research", "write")
    builder.add_edge("write", "render")
    builder.add_edge("render", "critique")
    builder.add_conditional_edges("critique", route)
    builder.add_edge("finish", END)
    return builder


graph = build_graph().compile(name="popcorn")
