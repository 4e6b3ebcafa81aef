"""A Ray of one machine for one evaluation: `ray start` in a child process that dies with its parent, on loopback.

`python -m popcorn_agents.evaluation.ray_head` is the child. `ray.init` alone would start the same processes, but gives
Ray's helpers 15 seconds to say their ports, too few on a busy machine; told the ports, Ray waits for nobody.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ..tools.errors import PopcornError

START_SECONDS = 180.0
STOP_SECONDS = 10.0
STORE_BYTES = 256 * 2**20
"""For clips on their way from one process to another; Ray spills what exceeds it to disk."""
LOOPBACK = "127.0.0.2"
"""Ray replaces 127.0.0.1 by an address that other machines reach."""
AGENT_PORTS = {
    "dashboard-agent-grpc-port": "metrics_agent_port",
    "dashboard-agent-listen-port": "dashboard_agent_listen_port",
    "metrics-export-port": "metrics_export_port",
    "runtime-env-agent-port": "runtime_env_agent_port",
}
"""Options of `ray start`, and their names in Ray's Python."""


@asynccontextmanager
async def local_ray(cpus: int) -> AsyncIterator[str]:
    """Start Ray with room for `cpus` and the machine's GPUs, and give its address; ended on the way out.

    `protect` comes before. Raises PopcornError where it does not come up.
    """
    folder = Path(tempfile.mkdtemp(prefix="popcorn-ray-"))  # short: it holds sockets, whose paths may have 107 bytes
    log = (folder / "head.log").open("wb")
    child = subprocess.Popen(  # noqa: ASYNC220, S603
        [sys.executable, "-P", "-m", "popcorn_agents.evaluation.ray_head", str(folder), str(cpus)],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        start_new_session=True,  # Ctrl-C belongs to the parent; the child follows it through the pipe
    )
    try:
        yield await _address(child, folder)
    finally:
        await asyncio.shield(asyncio.to_thread(_end, child))
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def protect() -> None:
    """Make a new Ray of this process ask for a token, as others could else run code in it; before Ray is imported."""
    if "RAY_AUTH_MODE" not in os.environ:
        os.environ["RAY_AUTH_MODE"] = "token"
        if "RAY_AUTH_TOKEN_PATH" not in os.environ:
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        if (ray := sys.modules.get("ray")) is not None:
            ray._raylet.Config.initialize("")  # it has read the variables already


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


async def _address(child: "subprocess.Popen[bytes]", folder: Path) -> str:
    """What Ray writes to a file once its node is up."""
    for _ in range(int(START_SECONDS / 0.1)):
        with contextlib.suppress(FileNotFoundError):
            if address := (folder / "ray_current_cluster").read_text().strip():
                return address
        if child.poll() is not None:
            break
        await asyncio.sleep(0.1)
    lines = [line for line in (folder / "head.log").read_text(errors="replace").splitlines() if line.strip()]
    said = f" ({lines[-1][:200]})" if lines else ""
    raise PopcornError(f"Ray did not start on this machine{said}; try again, or use --engine local.")


def _end(child: "subprocess.Popen[bytes]") -> None:
    assert child.stdin is not None  # noqa: S101  (opened as a pipe)
    child.stdin.close()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()  # Ray's processes share its fate
        child.wait()


# ---------------------------------------------------------------------------------------------------- in the child


def _serve(folder: str, cpus: str) -> None:
    from ray.scripts.scripts import main

    threading.Thread(target=_follow_the_parent, daemon=True).start()
    options = {
        "port": 0,
        "num-cpus": cpus,
        "temp-dir": folder,
        "plasma-directory": folder,  # containers have little shared memory by default
        "object-store-memory": STORE_BYTES,
        "include-dashboard": "false",
        "include-log-monitor": "false",
        **dict(zip(AGENT_PORTS, free_ports(len(AGENT_PORTS)), strict=True)),
    }
    if sys.platform == "linux":
        options["node-ip-address"] = LOOPBACK
    sys.argv[1:] = [
        *("start", "--head", "--block", "--disable-usage-stats", "--no-monitor"),
        *(f"--{name}={value}" for name, value in options.items()),
    ]
    main()


def _follow_the_parent() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2])
