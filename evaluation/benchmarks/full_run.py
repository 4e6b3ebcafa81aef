"""The whole default run as a user starts it: seconds, peak memory of all its processes, and where the time goes."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table


def measure(query: str = "Goku transformations") -> tuple[float, float, dict[str, Any]]:
    """(seconds, peak GB resident in the process tree, result) of one run with nothing cached but the packages."""
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, "-m", "popcorn_agents", "run", query, "--json"]
        folders = ["--runs-dir", str(Path(name) / "runs"), "--cache-dir", str(Path(name) / "cache")]
        started = time.perf_counter()
        with (Path(name) / "out.json").open("w+") as out:
            process = subprocess.Popen([*command, *folders], stdout=out, stderr=subprocess.DEVNULL)  # noqa: S603
            peak = 0
            while process.poll() is None:
                peak = max(peak, _resident(process.pid))
                time.sleep(0.1)
            seconds = time.perf_counter() - started
            out.seek(0)
            return seconds, peak / 1e9, json.load(out)


def _resident(pid: int) -> int:
    total = 0
    try:
        tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for process in tree:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def main() -> None:
    """Print the table; the targets are 60 s and 2.5 GB."""
    seconds, peak, result = measure()
    table = Table("What", "Figure", title=f"The default run ({len(result['attempts'])} attempts)")
    table.add_row("Whole command, s", f"{seconds:.1f}")
    table.add_row("Peak memory of all processes, GB", f"{peak:.2f}")
    for node, spent in result["timings"].items():
        table.add_row(f"  {node}, s", f"{spent:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
