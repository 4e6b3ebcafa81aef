"""What a run through the server costs beyond the same run by the command and in a process, and how soon it is ready.

The parts are real; the language model answers at once, and the clip was drawn before.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from langgraph_sdk import get_client
from rich.console import Console
from rich.table import Table

from ...graph.checkpoints import open_checkpoints
from ...graph.context import Context
from ...graph.runs import start
from .serving import dev_server, fixed_model

QUERY = "street food"
DRAFT = {"title": "The Wok That Never Sleeps", "cover_prompt": "A wok.", "video_prompt": "A cook tosses noodles."}
COMMAND = "popcorn-agents run, the whole command"
SERVER = "the same run on a warm server, over langgraph-sdk"
PROCESS = "the same run in a warm process"
QUEUED = "of the server's run: until its queue took it up"
Ways = dict[str, Callable[[], Awaitable[None]]]


async def measure(repeats: int = 5) -> tuple[list[float], dict[str, list[float]]]:
    """(seconds until the server was ready, three starts; seconds of each way to run), in turn under the same load."""
    with tempfile.TemporaryDirectory() as name, fixed_model(DRAFT) as llm:
        folder = Path(name)
        knobs: dict[str, Any] = {"mode": "basic", "llm": llm, "max_revisions": 0, "seconds": 1.0}
        places: dict[str, Any] = {"runs_dir": folder / "runs", "cache_dir": folder / "cache"}
        context = Context(**knobs, **places)
        ready = []
        for _ in range(2):
            with dev_server(folder) as server:
                ready.append(server.ready_seconds)
        own = {"POPCORN_LLM": llm, "POPCORN_CACHE_DIR": str(folder / "cache"), "POPCORN_RUNS_DIR": str(folder / "runs")}
        with dev_server(folder, **own) as server:
            ready.append(server.ready_seconds)
            async with get_client(url=server.url) as client, open_checkpoints(folder / "runs") as saver:

                async def by_command() -> None:
                    await asyncio.to_thread(_command, knobs | places)

                async def by_server() -> None:
                    began = time.perf_counter()
                    thread, first = (await client.threads.create())["thread_id"], True
                    async for _ in client.runs.stream(thread, "popcorn", input={"query": QUERY}, context=knobs):
                        if first:  # the server's word that it has taken the run up
                            queued.append(time.perf_counter() - began)
                        first = False

                async def in_process() -> None:
                    await start(QUERY, context, saver=saver)

                queued: list[float] = []
                ways: Ways = {COMMAND: by_command, SERVER: by_server, PROCESS: in_process}
                for way in ways.values():
                    await way()  # draws the clip, and warms up
                queued.clear()
                times = await _times(ways, repeats)
                return ready, {COMMAND: times[COMMAND], SERVER: times[SERVER], QUEUED: queued, PROCESS: times[PROCESS]}


async def _times(ways: Ways, repeats: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            started = time.perf_counter()
            await way()
            times[name].append(time.perf_counter() - started)
    return times


def _command(knobs: dict[str, Any]) -> None:
    flags = [part for name, value in knobs.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "popcorn_agents", "run", QUERY, *flags, "--json"], check=True, capture_output=True
    )


def main() -> None:
    """Print the table; the targets are 8 s until it is ready, and at most 0.3 s beyond the whole command."""
    ready, times = asyncio.run(measure())
    table = Table("What", "Median s", "Least s", "Ratio to the command", title="A run through the server")
    command = statistics.median(times[COMMAND])
    table.add_row(
        "langgraph dev, from its start until it answers", f"{statistics.median(ready):.2f}", f"{min(ready):.2f}"
    )
    for name, seconds in times.items():
        median = statistics.median(seconds)
        table.add_row(name, f"{median:.3f}", f"{min(seconds):.3f}", f"{median / command:.2f}")
    for other, short in ((COMMAND, "the command"), (PROCESS, "the warm process")):
        beyond = statistics.median(times[SERVER]) - statistics.median(times[other])
        table.add_row(f"the server's run beyond {short}", f"{beyond:+.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()
