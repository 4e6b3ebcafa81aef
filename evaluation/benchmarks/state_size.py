"""What a run leaves in the checkpoints, step by step: bytes of the state, and of what the nodes wrote on top."""

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ...graph.context import Context
from ...graph.runs import start
from ...graph.workflow import build_graph
from .noop import noop_parts

_STEPS = """
SELECT json_extract(metadata, '$.step'), length(checkpoint) + length(metadata),
       (SELECT coalesce(sum(length(value)), 0) FROM writes
        WHERE writes.thread_id = checkpoints.thread_id AND writes.checkpoint_id = checkpoints.checkpoint_id)
FROM checkpoints WHERE thread_id = ? ORDER BY checkpoint_id
"""


def step_sizes(file: Path, run_id: str) -> list[tuple[int, int, int]]:
    """(step, bytes of the state, bytes of the writes that lead to the next) of one run, in order."""
    with closing(sqlite3.connect(file)) as connection:
        return [(int(step), int(state), int(writes)) for step, state, writes in connection.execute(_STEPS, (run_id,))]


async def measure() -> dict[str, list[tuple[int, int, int]]]:
    """The sizes of a default run on the embedded parts, two attempts, and of the same run with no-op parts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        context = Context(runs_dir=folder / "runs", cache_dir=folder / "cache", target_percentile=100)
        await start("Goku transformations", context, run_id="real")
        await start("Goku transformations", context, builder=build_graph(**noop_parts(folder)), run_id="noop")
        file = context.runs_dir / "checkpoints.sqlite"
        return {"real parts": step_sizes(file, "real"), "no-op parts": step_sizes(file, "noop")}


def main() -> None:
    """Print the table; the target is a state under 50 KB."""
    sizes = asyncio.run(measure())
    table = Table("Step", *(f"{name}, KB" for name in sizes), title="State in the checkpoints (two attempts)")
    for step in zip(*sizes.values(), strict=True):
        table.add_row(str(step[0][0]), *(f"{state / 1000:.1f}" for _, state, _ in step))
    table.add_row("largest", *(f"{max(state for _, state, _ in steps) / 1000:.1f}" for steps in sizes.values()))
    totals = [sum(state + writes for _, state, writes in steps) for steps in sizes.values()]
    table.add_row("all steps and writes", *(f"{total / 1000:.1f}" for total in totals))
    Console().print(table)


if __name__ == "__main__":
    main()
