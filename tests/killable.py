"""A run that hangs in a named node, to be killed from outside, and the log of what was finished."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from popcorn_agents.evaluation.benchmarks.noop import noop_parts
from popcorn_agents.graph.context import Context
from popcorn_agents.graph.runs import start
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


if __name__ == "__main__":
    tmp_path, node = Path(sys.argv[1]), sys.argv[2]
    builder = build_graph(**hanging_parts(tmp_path, node, lambda: print(f"at {node}", flush=True)))
    asyncio.run(start("a query", Context(runs_dir=tmp_path / "runs", cache_dir=tmp_path / "cache"), builder=builder))
