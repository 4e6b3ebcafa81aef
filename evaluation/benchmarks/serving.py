"""A real `langgraph dev`, as an engineer starts it, and a language model on loopback that always says the same."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

CONFIG: dict[str, Any] = {
    "dependencies": ["."],
    "graphs": {"popcorn": {"path": "popcorn_agents.graph.workflow:graph"}},
    "http": {"app": "popcorn_agents.graph.server:app"},
}
QUIET = {"LANGSMITH_TRACING": "false", "LANGGRAPH_NO_VERSION_CHECK": "true", "LANGGRAPH_CLI_NO_ANALYTICS": "1"}


@dataclass
class DevServer:
    """A server that answers, and how long it took to."""

    url: str
    folder: Path
    log: Path
    ready_seconds: float


@contextmanager
def dev_server(folder: Path, config: dict[str, Any] | None = None, /, **environment: str) -> Iterator[DevServer]:
    """The server in a folder of its own, ended by Ctrl-C when the block is left; blocking calls are not allowed in it.

    The caller's own POPCORN_ variables do not reach it; those of `environment` do.
    """
    (folder / "langgraph.json").write_text(json.dumps(config or CONFIG))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("POPCORN_")}
    log, port = folder / "server.log", _free_port()
    command = [sys.executable, "-m", "langgraph_cli", "dev", "--no-browser", "--no-reload", "--port", str(port)]
    started = time.perf_counter()
    with log.open("w") as out:
        process = subprocess.Popen(  # noqa: S603
            [*command, "--n-jobs-per-worker", "10"], cwd=folder, stdout=out, stderr=out, start_new_session=True,
            env={**inherited, **QUIET, "HF_HUB_OFFLINE": "1", **environment},
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url, process, log)
        yield DevServer(url, folder, log, time.perf_counter() - started)
    finally:
        if process.poll() is None:
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


@contextmanager
def fixed_model(draft: dict[str, str]) -> Iterator[str]:
    """The name (`model@url`) of a chat API that answers every request with the same record."""
    message = {"role": "assistant", "content": json.dumps(draft)}
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    whole = {"id": "1", "object": "chat.completion", "created": 1, "model": "fixed", "choices": choices, "usage": usage}
    answer = json.dumps(whole).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield f"fixed@http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
