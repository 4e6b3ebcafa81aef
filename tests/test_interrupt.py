"""Ctrl-C at a terminal while a video model renders: the command ends soon, and with it all that it started."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.slow
ENOUGH = (
    10.0  # seconds; it takes well under 2 (0.4 measured on a busy machine), and more only where the machine is busy
)


def read_until(terminal: int, wanted: bytes) -> None:
    seen = b""
    while wanted not in seen:
        try:
            seen += os.read(terminal, 65536)
        except OSError:  # the other side has ended
            pytest.fail(seen.decode(errors="replace")[-1500:])


def test_ctrl_c_ends_a_render_and_its_worker(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "popcorn_agents", "render", "a dog", "--renderer", "diffusion", "--seconds", "1"]
    command += ["--model", str(tiny("wan")), "--size", "256x256", "--steps", "1000", "--out", str(tmp_path / "o.mp4")]
    terminal, theirs = pty.openpty()
    settings = {"OMP_NUM_THREADS": "1", "TERM": "xterm", "COLUMNS": "100", "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        command, env=os.environ | settings, pass_fds=[theirs], preexec_fn=lambda: os.login_tty(theirs)
    )
    os.close(theirs)
    started = []
    try:
        read_until(terminal, b" of 1001, ")
        started = psutil.Process(process.pid).children(recursive=True)
        assert any("renderers.worker" in " ".join(child.cmdline()) for child in started)
        os.write(terminal, b"\x03")
        assert process.wait(ENOUGH) == 130
        assert psutil.wait_procs(started, ENOUGH)[1] == []
    finally:
        for child in started:
            if child.is_running():
                child.kill()
        process.kill()
        process.wait()
        os.close(terminal)
    assert [path for path in tmp_path.rglob("*") if path.suffix in (".mp4", ".png", ".part")] == []
