"""What the graph itself costs: runs with no-op parts, with and without SQLite checkpoints and run folders."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ...graph.context import Context
from ...graph.runs import start
from ...graph.workflow import build_graph
from .noop import noop_parts


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

        async def in_memory() -> None:
            await graph.ainvoke({"query": "a query"}, {"recursion_limit": 10}, context=context)

        async def recorded() -> None:
            await start("a query", context, builder=builder)

        await in_memory()
        await recorded()
        return {
            "graph and run folder, no checkpoints": await _times(in_memory, repeats),
            "whole run, SQLite checkpoints": await _times(recorded, repeats),
        }


def main() -> None:
    """Print the table; the target is under 25 ms a run with SQLite."""
    table = Table("No-op parts", "Median ms", "90th percentile ms", title="Orchestration overhead per run")
    for name, times in asyncio.run(measure()).items():
        table.add_row(name, f"{statistics.median(times):.1f}", f"{statistics.quantiles(times, n=10)[-1]:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
