"""A real `langgraph dev`, as an engineer starts it, in a folder of its own; blocking calls are not allowed in it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent
QUIET = {"LANGSMITH_TRACING": "false", "LANGGRAPH_NO_VERSION_CHECK": "true", "LANGGRAPH_CLI_NO_ANALYTICS": "1"}


@dataclass
class DevServer:
    url: str
    folder: Path
    log: Path
    ready_seconds: float


@contextmanager
def dev_server(folder: Path, **environment: str) -> Iterator[DevServer]:
    """The server with the repository's own langgraph.json, ended by Ctrl-C when the block is left.

    The developer's own POPCORN_ variables do not reach it; those of `environment` do.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("POPCORN_")}
    shutil.copy(ROOT / "langgraph.json", folder)
    log, port = folder / "server.log", _free_port()
    command = [sys.executable, "-m", "langgraph_cli", "dev", "--no-browser", "--no-reload", "--port", str(port)]
    started = time.perf_counter()
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "--n-jobs-per-worker", "10"], cwd=folder, stdout=out, stderr=out, start_new_session=True,
            env={**inherited, **QUIET, "HF_HUB_OFFLINE": "1", **environment},
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url, process, log)
        yield DevServer(url, folder, log, time.perf_counter() - started)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/ok", trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise RuntimeError(f"The server did not start:\n{log.read_text()[-3000:]}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
