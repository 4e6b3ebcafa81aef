"""A run that hangs in a named node, to be killed from outside, and the log of what was finished."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from popcorn_agents.evaluation.benchmarks.noop import noop_parts
from popcorn_agents.graph import workflow
from popcorn_agents.graph.context import Context
from popcorn_agents.graph.runs import resume, start
from popcorn_agents.graph.workflow import Node, build_graph


def logged(parts: dict[str, Node], log: Path) -> dict[str, Node]:
    def with_log(name: str, node: Node) -> Node:
        async def run(state: Any, runtime: Any) -> dict[str, Any]:
            update = await node(state, runtime)
            with log.open("a") as file:
                file.write(f"{name}\n")
            return update

        return run

    return {name: with_log(name, node) for name, node in parts.items()}


def hanging_parts(folder: Path, at: str, reached: Callable[[], Any]) -> dict[str, Node]:
    async def hang(state: Any, runtime: Any) -> dict[str, Any]:
        reached()
        await asyncio.Event().wait()
        return {}

    return {**logged(noop_parts(folder, [10.0, 90.0]), folder / "log"), at: hang}


def main(folder: Path, node: str, answer: str | None) -> None:
    """Start a run that hangs in `node`, or answer the review that the run waits for and hang there."""
    parts = hanging_parts(folder, node, lambda: print(f"at {node}", flush=True))
    if node.startswith("review_"):
        setattr(workflow, node, parts.pop(node))
    context = Context(
        runs_dir=folder / "runs", cache_dir=folder / "cache", review="both" if node.startswith("review_") else "off"
    )
    builder = build_graph(**parts)
    if answer is None:
        asyncio.run(start("a query", context, builder=builder, run_id="one"))
    else:
        asyncio.run(resume("one", folder / "runs", builder=builder, answer=json.loads(answer)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
