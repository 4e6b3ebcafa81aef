"""Nodes for Ray actors: quick ones, and a render that waits in the middle of its work to be lost."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

from popcorn_agents.agents.critic import critique
from popcorn_agents.agents.renderer import render
from popcorn_agents.evaluation import ray_worker
from popcorn_agents.evaluation.benchmarks.noop import noop_parts
from popcorn_agents.evaluation.ray_worker import clip_here
from popcorn_agents.evaluation.stages import critique_script
from popcorn_agents.graph.workflow import Node
from popcorn_agents.tools.errors import PopcornError
from popcorn_agents.tools.renderers import Clip


def quick_parts(folder: Path) -> dict[str, Node]:
    """Real clips and a real critic of scripts that nobody had to write."""
    return {**noop_parts(folder), "render": render, "critique": critique, "critique_script": critique_script}


def apart(folder: Path) -> dict[str, Node]:
    """The same, as if this actor had a machine of its own, whose disk no other sees."""
    ray_worker.default_cache = lambda: folder / "disks" / str(os.getpid())
    ray_worker.clip_here = on_own_disk
    return quick_parts(folder)


def on_own_disk(clip: Clip, folder: Path) -> Clip | None:
    return clip_here(clip.model_copy(update={"path": folder / clip.path.name}), folder)


def held_parts(folder: Path) -> dict[str, Node]:
    """A render leaves a note of its process and its node in `folder`/calls, then waits for a file `go`."""
    import ray

    parts = noop_parts(folder)

    async def held(state: Any, runtime: Any) -> dict[str, Any]:
        note = {"pid": os.getpid(), "node": ray.get_runtime_context().get_node_id()}
        (folder / "calls" / f".{uuid4().hex}").write_text(json.dumps(note))
        for path in (folder / "calls").glob(".*"):
            path.rename(path.with_name(path.name[1:]))
        while not (folder / "go").exists():  # noqa: ASYNC110  # another process makes it
            await asyncio.sleep(0.02)
        return await parts["render"](state, runtime)

    return {**parts, "render": held, "critique_script": parts["critique"]}


def failing_parts(folder: Path) -> dict[str, Node]:
    parts = noop_parts(folder)

    async def fails(state: Any, runtime: Any) -> dict[str, Any]:
        if state["query"] == "query 0":
            raise PopcornError("The ink is dry.")
        if state["query"] == "query 1":
            raise ZeroDivisionError("by nothing")
        return await parts["write"](state, runtime)

    return {**parts, "write": fails, "critique_script": parts["critique"]}
