"""How long `--help` takes, against importing typer and rich alone, in the same run."""

import statistics
import subprocess
import sys
import time

from rich.console import Console
from rich.table import Table

_BASELINE = [sys.executable, "-c", "import typer, rich"]
_HELP = [sys.executable, "-m", "popcorn_agents", "--help"]


def measure(repeats: int = 10) -> dict[str, float]:
    """Median seconds of each command, run in turn so that both meet the same load."""
    times: dict[str, list[float]] = {"import typer, rich": [], "popcorn-agents --help": []}
    for _ in range(repeats):
        for name, command in zip(times, (_BASELINE, _HELP), strict=True):
            started = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    """Print the table; the target is a ratio of at most 3."""
    medians = measure()
    baseline = next(iter(medians.values()))
    table = Table("Command", "Median s", "Ratio", title="Start-up")
    for name, seconds in medians.items():
        table.add_row(name, f"{seconds:.3f}", f"{seconds / baseline:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
