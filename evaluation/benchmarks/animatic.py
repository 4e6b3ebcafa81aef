"""What an animatic costs, drawn, encoded, checked and signed, against encoding the same frames alone."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from ...tools.renderers import RenderRequest, animatic, render
from ...tools.renderers.storyboard import storyboard
from ...tools.video import encode
from .animatic_requests import TWENTY, Written

TARGET = 4.0  # CPU-seconds a clip, at most
NAMELESS = Written("ambiguity", "Interpersonal Ambiguity", "the quick resolution of interpersonal ambiguity", "")


class Cost(NamedTuple):
    """Seconds of all threads of the process (user and system), and on the clock."""

    cpu: float
    wall: float


def measure(written: Written, folder: Path) -> tuple[Cost, Cost]:
    """(The whole render, encoding its frames alone) of three seconds in 9:16."""
    request = RenderRequest(prompt=written.prompt, title=written.title, cover_prompt=written.cover_prompt)
    whole = _clocked(lambda: render(request, "animatic", folder))
    spec = animatic.plan(request)
    board = storyboard(request.prompt, request.title, request.seed, spec.frames, spec.fps)
    drawn = [frame.copy() for frame in animatic.frames(board, request, spec)]
    alone = _clocked(lambda: encode(drawn, folder / "alone.mp4", fps=spec.fps, metadata={}))
    return whole, alone


def _clocked(work: Callable[[], object]) -> Cost:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return Cost(time.process_time() - cpu, time.perf_counter() - wall)


def main() -> None:
    """Print the table; the target is at most 4 CPU-seconds for the worst of the twenty clips."""
    with tempfile.TemporaryDirectory() as folder:
        cold, _ = measure(TWENTY[0], Path(folder) / "cold")
        costs = [measure(written, Path(folder) / str(index)) for index, written in enumerate(TWENTY)]
        nameless, _ = measure(NAMELESS, Path(folder) / "nameless")
    table = Table("Twenty clips", "CPU s", "Worst CPU s", "Wall s", title="An animatic of three seconds")
    for name, costs_of in (
        ("render", [whole for whole, _ in costs]),
        ("baseline: encoding its frames alone", [alone for _, alone in costs]),
    ):
        cpu, wall = [cost.cpu for cost in costs_of], [cost.wall for cost in costs_of]
        table.add_row(name, f"{statistics.median(cpu):.2f}", f"{max(cpu):.2f}", f"{statistics.median(wall):.2f}")
    ratio = statistics.median(whole.cpu / alone.cpu for whole, alone in costs)
    table.add_row("render / baseline", f"{ratio:.2f}", "", "")
    table.add_row("the first clip of a process", f"{cold.cpu:.2f}", "", f"{cold.wall:.2f}")
    table.add_row("words that name nothing: loads the embedding", f"{nameless.cpu:.2f}", "", f"{nameless.wall:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
