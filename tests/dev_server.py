"""A real `langgraph dev` with the repository's own langgraph.json."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from popcorn_agents.evaluation.benchmarks import serving
from popcorn_agents.evaluation.benchmarks.serving import DevServer

ROOT = Path(__file__).parent.parent
__all__ = ["ROOT", "DevServer", "dev_server"]


@contextmanager
def dev_server(folder: Path, **environment: str) -> Iterator[DevServer]:
    with serving.dev_server(folder, json.loads((ROOT / "langgraph.json").read_text()), **environment) as running:
        yield running
