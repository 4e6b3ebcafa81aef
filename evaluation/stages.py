"""The graph's nodes for an evaluation: bounded by resource, equal scripts written once, clips left out if wanted."""

import asyncio
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Any

from langgraph.runtime import Runtime
from pydantic import ValidationError

from ..agents.critic import critique, judge
from ..agents.renderer import render
from ..agents.scriptwriter import Script, write
from ..agents.trend_researcher import research
from ..graph.context import Context
from ..graph.folders import write_json
from ..graph.state import State
from ..graph.workflow import Node
from ..tools.embedded_llm import lane
from .plan import Concurrency, Plan

Gate = Callable[[], AbstractAsyncContextManager[None]]
WRITING = frozenset({"mode", "llm", "gguf", "temperature", "structured_output", "context_tokens", "seed"})
"""The settings that shape a script, beside what the critic said of earlier ones."""


class Spent:
    """Seconds at work by node of one trial, and what it took from an earlier one."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.cached: list[str] = []


spent: ContextVar[Spent] = ContextVar("spent")
"""Of the trial that runs; nodes run in copies of its context and so share it."""


@asynccontextmanager
async def local_stages(plan: Plan) -> AsyncIterator[dict[str, Node]]:
    """The nodes in this process."""
    gate = gates(plan.concurrency)
    yield {
        "research": bounded("research", research, gate["write"]),
        "write": bounded("write", write, gate["write"]),
        "render": bounded("render", render, gate["render"]),
        "critique": bounded("critique", critique, gate["critique"]),
        "critique_script": bounded("critique", critique_script, gate["critique"]),
    }


def gates(concurrency: Concurrency) -> dict[str, Gate]:
    """By resource, what lets so many in at once; whoever writes gets a lane, and so an embedded server, of its own."""
    lanes: asyncio.Queue[int] = asyncio.Queue()
    for number in range(concurrency.llm):
        lanes.put_nowait(number)

    @asynccontextmanager
    async def writing() -> AsyncIterator[None]:
        number = await lanes.get()
        token = lane.set(number)
        try:
            yield
        finally:
            lane.reset(token)
            lanes.put_nowait(number)

    rendering, scoring = asyncio.Semaphore(concurrency.render), asyncio.Semaphore(concurrency.score)
    return {"write": writing, "render": lambda: _held(rendering), "critique": lambda: _held(scoring)}


@asynccontextmanager
async def _held(semaphore: asyncio.Semaphore) -> AsyncIterator[None]:
    async with semaphore:
        yield


def bounded(name: str, node: Node, gate: Gate) -> Node:
    """Let a node in when its resource is free, and count the seconds from there."""

    @wraps(node)
    async def run(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        async with gate():
            started = time.perf_counter()
            try:
                return await node(state, runtime)
            finally:
                spent.get().seconds[name] += time.perf_counter() - started

    return run


def without_clips(nodes: dict[str, Node]) -> dict[str, Node]:
    """The nodes of `build_graph` for a system that draws nothing and whose critic judges the script alone."""

    async def no_render(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        return {}

    return {**nodes, "render": no_render, "critique": nodes["critique_script"]}


async def critique_script(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """The critic's node without a clip."""
    attempt = await judge(state, runtime, None)
    return {"critique": attempt.critique, "attempts": [attempt]}


def written_once(node: Node, folder: Path) -> Node:
    """Take the script of an equal request from `folder`, also while that is still being written."""
    locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @wraps(node)
    async def run(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        key = script_key(state, runtime.context)
        path = folder / f"{key}.json"
        async with locks[key]:
            known = await asyncio.to_thread(_read, path)
            if known is not None:
                spent.get().cached.append(f"script {len(state.get('attempts', [])) + 1}")
                return {"script": known}
            update = await node(state, runtime)
            await asyncio.to_thread(write_json, path, update["script"])
            return update

    return run


def script_key(state: State, context: Context) -> str:
    """Hash of all that the writer reads."""
    earlier = [
        {
            **attempt.script.model_dump(include={"title", "cover_prompt", "video_prompt"}),
            "critique": attempt.critique.model_dump(),
        }
        for attempt in state.get("attempts", [])
    ]
    asked = context.model_dump(mode="json", include=set(WRITING))
    brief = state["brief"].model_dump(exclude={"usage", "query"})
    content = json.dumps([state["query"], asked, brief, earlier], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _read(path: Path) -> Script | None:
    """A script that was kept; None where there is none, or one of another version."""
    try:
        return Script.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
