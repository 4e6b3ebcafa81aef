"""The render worker's own process: takes jobs as lines of JSON, keeps one pipeline loaded, tells of every step.

Run as `python -m popcorn_agents.tools.renderers.worker` with pipes; it ends when its standard input does, so that no
worker outlives the process that started it.
"""

import json
import os
import queue
import sys
import threading
from typing import IO, Any

from ..errors import Cancelled, InputError, PopcornError

IDLE_SECONDS = 600.0  # after which a worker without work gives its memory back
LIBRARY_ERRORS = (
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ImportError,
    AssertionError,
    OSError,
)


class Worker:
    """One process's state: the channel to the caller, the loaded pipelines, and whether to stop."""

    def __init__(self, out: IO[str]) -> None:
        self.out = out
        self.jobs: queue.Queue[dict[str, Any]] = queue.Queue()
        self.stop = threading.Event()
        self.loaded: tuple[str, Any] | None = None
        self.painter: tuple[str, Any] | None = None

    def tell(self, event: str, **fields: Any) -> None:
        self.out.write(json.dumps({"event": event, **fields}) + "\n")
        self.out.flush()

    def on_step(self, done: int, total: int) -> None:
        if self.stop.is_set():
            raise Cancelled("The render was cancelled.")
        self.tell("step", done=done, total=total)

    def listen(self, lines: IO[str]) -> None:
        """Take jobs and cancellations until the caller is gone, then end the process whatever it is doing."""
        for line in lines:
            message = json.loads(line)
            if message.get("cancel"):
                self.stop.set()
            else:
                self.stop.clear()
                self.jobs.put(message)
        os._exit(0)

    def serve(self) -> None:
        while True:
            try:
                message = self.jobs.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                return
            self.answer(message)

    def answer(self, message: dict[str, Any]) -> None:
        try:
            result = paint_cover(self, message["cover"]) if "cover" in message else make_clip(self, message["job"])
        except Cancelled:
            self.tell("failed", kind="cancelled", message="The render was cancelled.")
        except PopcornError as error:
            self.tell("failed", kind="input" if isinstance(error, InputError) else "popcorn", message=str(error))
        except (*LIBRARY_ERRORS, MemoryError) as error:
            if "CUDA error" in str(error) or "unspecified launch failure" in str(error):
                raise  # the device's state is lost with it: only a new process can go on
            kind = "memory" if out_of_memory(error) else "library"
            self.forget()
            self.tell("failed", kind=kind, message=f"{type(error).__name__}: {' '.join(str(error).split())[:400]}")
        else:
            self.tell("done", **result)

    def forget(self) -> None:
        """Drop what is loaded and give its memory back."""
        import gc

        import torch

        self.loaded = self.painter = None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def pipeline(self, job: Any) -> Any:
        from .loading import load

        if self.loaded is None or self.loaded[0] != job.load_key():
            self.forget()
            self.tell("loading")
            self.loaded = (job.load_key(), load(job))
        return self.loaded[1]

    def cover_pipeline(self, folder: str, device: str) -> Any:
        from .covers import load_painter

        if self.painter is None or self.painter[0] != folder:
            self.painter = (folder, load_painter(folder, device))
        return self.painter[1]


def make_clip(worker: Worker, fields: dict[str, Any]) -> dict[str, Any]:
    """Make one clip and its cover where the job says; gives back what to tell of it."""
    import time
    from pathlib import Path

    from ..video import encode
    from .cache import write_atomic
    from .covers import best_frame, paint, png
    from .driving import generate
    from .job import Job
    from .resample import exactly

    job = Job.model_validate(fields)
    shape, before, started = job.settings.shape, worker.loaded, time.perf_counter()
    pipe = worker.pipeline(job)
    loaded = time.perf_counter()
    made = generate(pipe, job.settings, job.prompt, job.seed, worker.on_step)
    shown = list(exactly(made.frames, shape))
    at = time.perf_counter()
    encode(shown, Path(job.video), fps=shape.out_fps, metadata=job.metadata, sound=made.sound)
    encoded = time.perf_counter()
    if job.cover_folder is None:
        cover = shown[best_frame(shown)]
    else:
        painter = worker.cover_pipeline(job.cover_folder, job.settings.device)
        cover = paint(painter, job.cover_prompt or job.prompt, (shape.out_width, shape.out_height), job.seed)
    write_atomic(Path(job.cover), png(cover))
    return {
        "checks": {
            "levers": made.levers,
            "tier": job.settings.tier,
            "device": job.settings.device_name,
            "pid": os.getpid(),
            "shared_pipeline": before is not None and before is worker.loaded,
            **({} if made.peak_gib is None else {"peak_gib": round(made.peak_gib, 2)}),
        },
        "timings": {"load": loaded - started, **made.seconds, "encode": encoded - at},
    }


def paint_cover(worker: Worker, fields: dict[str, Any]) -> dict[str, Any]:
    """Paint one cover where the caller says."""
    from pathlib import Path

    from .cache import write_atomic
    from .covers import paint, png
    from .loading import quiet

    quiet()
    worker.tell("loading")
    pipe = worker.cover_pipeline(fields["folder"], fields["device"])
    picture = paint(pipe, fields["prompt"], (fields["width"], fields["height"]), fields["seed"])
    write_atomic(Path(fields["path"]), png(picture))
    return {"checks": {}, "timings": {}}


def out_of_memory(error: BaseException) -> bool:
    """Whether an error of the device's or the host's allocator says that memory ran out."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text


def main() -> None:
    """Serve jobs from standard input; what libraries print goes to standard error, never between the answers."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = Worker(out)
    threading.Thread(target=worker.listen, args=(sys.stdin,), daemon=True).start()
    worker.serve()


if __name__ == "__main__":
    main()
