"""The caller's side of the render worker: one process that is started when needed, asked in turn, and can be killed."""

import atexit
import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from ..errors import Cancelled, InputError, PopcornError
from . import Progress

POLL_SECONDS = 0.1  # how often the caller asks its progress callback whether to stop
GRACE_SECONDS = 1.0  # for the worker to stop at its next step before it is killed
COMMAND = [sys.executable, "-m", "popcorn_agents.tools.renderers.worker"]


class WorkerDiedError(Exception):
    """The worker's process ended in the middle of a job."""


class OutOfMemoryError(Exception):
    """The worker's job ran out of memory; the worker has dropped what it had loaded."""


class Process:
    """One worker process and its pipes."""

    def __init__(self) -> None:
        self.log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the process)
        self.child = subprocess.Popen(  # noqa: S603
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, start_new_session=True
        )
        self.events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.child.stdout is not None  # noqa: S101  (opened as a pipe)
        for line in self.child.stdout:
            self.events.put(json.loads(line))
        self.events.put(None)

    def send(self, message: dict[str, Any]) -> None:
        assert self.child.stdin is not None  # noqa: S101  (opened as a pipe)
        try:
            self.child.stdin.write(json.dumps(message) + "\n")
            self.child.stdin.flush()
        except OSError as error:
            raise WorkerDiedError(self.last_words()) from error

    def last_words(self) -> str:
        code = self.child.wait()
        self.log.seek(max(0, self.log.tell() - 4096))
        lines = self.log.read().decode(errors="replace").strip().splitlines()
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        return f"the render worker {how}" + (f" ({lines[-1][:300]})" if lines else "")

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout, self.log):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


_turn = threading.Lock()
_process: Process | None = None


def run(message: dict[str, Any], progress: Progress, total: int) -> dict[str, Any]:
    """Have the worker do one job and give back its answer; blocking, one at a time.

    A worker that dies is replaced and the job done again, once, and the answer's `checks["retried"]` says so. Raises
    what `progress` raises (the job is stopped first), InputError and PopcornError of the job, and OutOfMemoryError.
    """
    died = ""
    with _my_turn(progress, total):
        while True:
            try:
                answer = _ask(_started(), message, progress, total)
            except WorkerDiedError as error:
                close()
                if died:
                    raise PopcornError(
                        f"The render failed twice: {error}; see what `popcorn-agents doctor` says."
                    ) from error
                died = str(error)
                continue
            if died:
                answer["checks"]["retried"] = f"Rendered a second time because {died}."
            return answer


def close() -> None:
    """End the worker, whatever it is doing; the next job starts a new one."""
    global _process
    if _process is not None:
        _process.close()
        _process = None


atexit.register(close)


@contextmanager
def _my_turn(progress: Progress, total: int) -> Iterator[None]:
    while not _turn.acquire(timeout=POLL_SECONDS):
        progress(0, total)
    try:
        yield
    finally:
        _turn.release()


def _started() -> Process:
    global _process
    if _process is None or _process.child.poll() is not None:
        close()
        _process = Process()
    return _process


def _ask(process: Process, message: dict[str, Any], progress: Progress, total: int) -> dict[str, Any]:
    process.send(message)
    try:
        answer = _follow(process, progress, total)
    except WorkerDiedError:
        raise
    except BaseException:
        _cancel(process)
        raise
    if answer["event"] == "failed":
        raise _failure(answer)
    return answer


def _follow(process: Process, progress: Progress, total: int) -> dict[str, Any]:
    """Pass on the worker's steps until it answers, asking `progress` several times a second whether to stop."""
    done = 0
    while True:
        progress(done, total)
        try:
            event = process.events.get(timeout=POLL_SECONDS)
        except queue.Empty:
            continue
        if event is None:
            raise WorkerDiedError(process.last_words())
        if event["event"] == "step":
            done, total = event["done"], event["total"]
        elif event["event"] == "done":
            progress(total, total)
        if event["event"] in ("done", "failed"):
            return event


def _failure(answer: dict[str, Any]) -> Exception:
    told = answer["message"]
    kinds = {"memory": OutOfMemoryError, "cancelled": Cancelled, "input": InputError, "popcorn": PopcornError}
    return kinds.get(answer["kind"], PopcornError)(f"The model failed: {told}" if answer["kind"] == "library" else told)


def _cancel(process: Process) -> None:
    """Ask the worker to stop at its next step; kill it where that takes longer than the grace."""
    try:
        process.send({"cancel": True})
        while (event := process.events.get(timeout=GRACE_SECONDS)) is not None:
            if event["event"] in ("done", "failed"):
                return
    except (queue.Empty, WorkerDiedError):
        pass
    close()
