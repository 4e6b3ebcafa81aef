"""What the runner costs a trial with no-op parts, and Ray against this process on a small real plan."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ...graph.workflow import Node
from ..plan import Plan, trials
from ..ray_stages import ray_stages
from ..ray_worker import Parts, real_parts
from ..records import Query, Trial
from ..runner import Stages, evaluate
from ..stages import bounded, gates
from .noop import noop_parts

ITEMS = 60
REPEATS = 3
TOPICS = ("Goku transformations", "A cat that opens doors", "Street noodles at midnight", "Speedrun of a puzzle game")


def noop_stages(files: Path) -> dict[str, Node]:
    """The no-op parts with those of a plan without clips."""
    parts = noop_parts(files)
    return {**parts, "critique_script": parts["critique"]}


def noop_plan() -> Plan:
    """One attempt a trial, no clips, several trials side by side."""
    return _plan({"mode": "basic", "renderer": "none", "max_revisions": 0}, llm=2, render=1, score=1)


def real_plan() -> Plan:
    """Scripts of the embedded model, animatics of one second, the critic."""
    return _plan({"mode": "basic", "renderer": "animatic", "seconds": 1, "max_revisions": 0}, llm=1, render=1, score=1)


def _plan(settings: dict[str, Any], **concurrency: int) -> Plan:
    content = {"name": "engines", "systems": {"basic": settings}, "concurrency": concurrency}
    return Plan.model_validate(content)


def here(parts: Parts) -> Stages:
    """The parts in this process, bounded as those of an evaluation are."""

    @asynccontextmanager
    async def stages(plan: Plan) -> AsyncIterator[dict[str, Node]]:
        gate = gates(plan.concurrency)
        kinds = {"research": "write", "write": "write", "render": "render"}
        yield {
            name: bounded(name.partition("_")[0], node, gate[kinds.get(name, "critique")])
            for name, node in parts().items()
        }

    return stages


@asynccontextmanager
async def kept(stages: Stages, plan: Plan) -> AsyncIterator[Stages]:
    """The stages, started once and used by several evaluations, so that their start is not measured."""
    async with stages(plan) as nodes:

        @asynccontextmanager
        async def again(plan: Plan) -> AsyncIterator[dict[str, Node]]:
            yield nodes

        yield again


async def measure(plan: Plan, parts: Parts, queries: list[str], repeats: int) -> dict[str, list[float]]:
    """Seconds a trial by engine, both in turn, what they load loaded before; each with seeds of its own."""
    spent: dict[str, list[float]] = {"local": [], "ray": []}
    with tempfile.TemporaryDirectory() as name:
        async with AsyncExitStack() as stack:
            engines = {
                "local": await stack.enter_async_context(kept(here(parts), plan)),
                "ray": await stack.enter_async_context(kept(ray_stages(parts=parts), plan)),
            }
            for number in range(repeats + 1):
                for engine, stages in engines.items():
                    folder = Path(name) / f"{engine}-{number}"
                    asked = _trials(plan, queries if number else queries[:2], 10 * number, folder)
                    started = time.perf_counter()
                    tally = await evaluate(plan, asked, folder, stages=stages)
                    if tally.failed:
                        raise RuntimeError(f"{engine}: {tally.causes}")
                    if number:  # the first is there to load the models
                        spent[engine].append((time.perf_counter() - started) / len(asked))
    return spent


def _trials(plan: Plan, queries: list[str], seed: int, folder: Path) -> list[Trial]:
    """Trials whose clips nobody drew before."""
    seeded = plan.model_copy(update={"seeds": [seed]})
    asked = trials(seeded, [Query(id=str(number), text=text) for number, text in enumerate(queries)])
    return [t.model_copy(update={"settings": {**t.settings, "cache_dir": str(folder / "cache")}}) for t in asked]


def main() -> None:
    """Print the tables; the targets are 30 ms a trial in this process, and no more than 1.3 times its time on Ray."""
    with tempfile.TemporaryDirectory() as name:
        noop = partial(noop_stages, Path(name))
        queries = [f"query {number}" for number in range(ITEMS)]
        _print("No-op parts, ms a trial", asyncio.run(measure(noop_plan(), noop, queries, REPEATS)), 1000)
    _print(
        "Embedded model, animatic, critic: s a trial", asyncio.run(measure(real_plan(), real_parts, list(TOPICS), 2)), 1
    )


def _print(title: str, spent: dict[str, list[float]], scale: float) -> None:
    table = Table("Engine", "Median", "Least", "Ratio", title=title)
    for engine, seconds in spent.items():
        ratio = statistics.median(a / b for a, b in zip(seconds, spent["local"], strict=True))
        table.add_row(
            engine, f"{scale * statistics.median(seconds):.1f}", f"{scale * min(seconds):.1f}", f"{ratio:.2f}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
