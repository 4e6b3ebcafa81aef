"""What the graph itself costs: runs with no-op parts, with and without SQLite checkpoints and run folders."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from rich.console import Console
from rich.table import Table

from ...graph.checkpoints import open_checkpoints
from ...graph.context import Context
from ...graph.runs import start
from ...graph.workflow import build_graph
from .noop import noop_parts

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig


async def _times(run: Callable[[], Awaitable[Any]], repeats: int) -> list[float]:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        await run()
        times.append(1000 * (time.perf_counter() - started))
    return times


async def measure(repeats: int = 50) -> dict[str, list[float]]:
    """Milliseconds per run (5 nodes, accepted at the first attempt) of the graph alone and of a whole recorded run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        context = Context(runs_dir=folder / "runs", cache_dir=folder / "cache", max_revisions=0)
        builder = build_graph(**noop_parts(folder))
        graph = builder.compile(name="popcorn")

        async with open_checkpoints(context.runs_dir) as saver:
            checkpointed = builder.compile(checkpointer=saver, name="popcorn")

            async def alone() -> None:
                await graph.ainvoke({"query": "a query"}, {"recursion_limit": 10}, context=context)

            async def saved() -> None:
                config: RunnableConfig = {"recursion_limit": 10, "configurable": {"thread_id": uuid4().hex}}
                await checkpointed.ainvoke({"query": "a query"}, config, context=context, durability="sync")

            async def shared() -> None:
                await start("a query", context, builder=builder, saver=saver)

            async def whole() -> None:
                await start("a query", context, builder=builder)

            await shared()
            runs = {
                "graph and run folder, no checkpoints": alone,
                "the same with SQLite checkpoints": saved,
                "a run in a process that holds them open": shared,
                "a run that opens them itself": whole,
            }
            return {name: await _times(run, repeats) for name, run in runs.items()}


def main() -> None:
    """Print the table; the target is under 25 ms for the graph with SQLite checkpoints."""
    table = Table("No-op parts", "Median ms", "90th percentile ms", title="Orchestration overhead per run")
    for name, times in asyncio.run(measure()).items():
        table.add_row(name, f"{statistics.median(times):.1f}", f"{statistics.quantiles(times, n=10)[-1]:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
