"""Content-addressed clips: equal requests are drawn once, kept under the hash of all that shapes them, and verified."""

import hashlib
import importlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import ValidationError

from ..errors import PopcornError
from ..provenance import identity, sign
from ..video import VideoInfo, probe
from . import Clip, Instead, Progress, RenderRequest, Spec

POLL_SECONDS = 0.1  # how often a caller that waits for another's render asks whether it was cancelled
_running: dict[str, threading.Lock] = {}
_guard = threading.Lock()


SHAPING = {"prompt", "title", "cover_prompt", "seconds", "aspect", "seed"}  # the rest a renderer resolves in its spec


def find_or_draw(request: RenderRequest, module: str, out_dir: Path, progress: Progress) -> Clip:
    """The clip of the request, from `out_dir` where it is intact, else drawn by `module`.

    Where the renderer has to step down (out of memory), the clip of the other settings is drawn and kept under its own
    key, and a note under this key leads to it, so that the attempt that failed is not made again.
    """
    key = clip_key(request, importlib.import_module(module).plan(request))
    note = out_dir / f"{key}.instead.json"
    if note.is_file():
        left = json.loads(note.read_text(encoding="utf-8"))
        changed = RenderRequest.model_validate({**request.model_dump(), **left["change"]})
        clip = _find_or_draw(changed, module, out_dir, progress)
        return clip.model_copy(update={"checks": {**clip.checks, "stepped_down": left["reason"]}})
    try:
        return _find_or_draw(request, module, out_dir, progress)
    except Instead as other:
        clip = _find_or_draw(other.request, module, out_dir, progress)
        before, after = request.model_dump(mode="json"), other.request.model_dump(mode="json")
        change = {name: value for name, value in after.items() if value != before[name]}
        write_atomic(note, json.dumps({"change": change, "reason": other.reason}, indent=2).encode())
        return clip.model_copy(update={"checks": {**clip.checks, "stepped_down": other.reason}})


def _find_or_draw(request: RenderRequest, module: str, out_dir: Path, progress: Progress) -> Clip:
    renderer = importlib.import_module(module)
    spec: Spec = renderer.plan(request)
    key = clip_key(request, spec)
    started = time.perf_counter()
    found, _ = _look_up(out_dir, key)
    if found is None:
        with _only_one(out_dir, key, progress, spec.frames):
            found, fault = _look_up(out_dir, key)
            if found is None:
                return _draw(request, spec, key, renderer.draw, out_dir, progress, fault)
    return found.model_copy(update={"cached": True, "timings": {"look_up": time.perf_counter() - started}})


def clip_key(request: RenderRequest, spec: Spec) -> str:
    """SHA-256 over the canonical JSON of the request, the spec and who signs."""
    record = {
        "request": request.model_dump(mode="json", include=SHAPING),
        "spec": spec.model_dump(mode="json"),
        "signer": identity().fingerprint,
    }
    return hashlib.sha256(json.dumps(record, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _look_up(out_dir: Path, key: str) -> tuple[Clip | None, str]:
    """The intact clip, or None and why what lies there cannot be used (empty where nothing does)."""
    sidecar = out_dir / f"{key}.json"
    try:
        clip = Clip.model_validate_json(sidecar.read_text(encoding="utf-8"))
        clip = clip.model_copy(update={"path": out_dir / f"{key}.mp4", "cover_path": out_dir / f"{key}.png"})
        if _sha256(clip.path) != clip.sha256:
            return None, "the kept clip was damaged"
        if _sha256(clip.cover_path) != clip.checks.get("cover_sha256"):
            return None, "the kept cover was damaged"
    except FileNotFoundError:
        return None, "a kept file was missing" if sidecar.exists() else ""
    except (ValidationError, UnicodeDecodeError):
        return None, "the kept record was damaged"
    except OSError as error:
        raise PopcornError(f"{out_dir} cannot be read ({error.strerror}); choose another cache folder.") from error
    return clip, ""


@contextmanager
def _only_one(out_dir: Path, key: str, progress: Progress, total: int) -> Iterator[None]:
    """Let one thread of one process draw this key; the others wait, still asking `progress` whether to stop."""
    with _guard:
        inside = _running.setdefault(key, threading.Lock())
    while not inside.acquire(timeout=POLL_SECONDS):
        progress(0, total)
    try:
        across = _file_lock(out_dir, key)
        while not _acquired(across):
            progress(0, total)
        try:
            yield
        finally:
            across.release()
    finally:
        inside.release()


def _acquired(lock: FileLock) -> bool:
    try:
        lock.acquire(timeout=POLL_SECONDS)
    except Timeout:
        return False
    return True


def _file_lock(out_dir: Path, key: str) -> FileLock:
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        (out_dir / ".locks").mkdir(exist_ok=True)
    except OSError as error:
        raise PopcornError(f"{out_dir} cannot be written ({error.strerror}); choose another cache folder.") from error
    # One lock file for many keys, so that the folder does not fill with them.
    return FileLock(out_dir / ".locks" / f"{key[:2]}.lock")


def _draw(
    request: RenderRequest, spec: Spec, key: str, draw: Any, out_dir: Path, progress: Progress, fault: str
) -> Clip:
    video, cover = out_dir / f"{key}.mp4", out_dir / f"{key}.png"
    started = time.perf_counter()
    checks: dict[str, Any] = draw(request, spec, video, cover, progress)
    drawn = time.perf_counter()
    info = probe(video)
    check_promise(info, spec, video)
    unsigned = _sha256(video)
    facts = facts_of(request, spec)
    sign(video, kind=spec.kind, title=facts.pop("title"), facts=facts, by=identity())
    check_promise(probe(video), spec, video)
    checks |= {"bt709": info.bt709, "faststart": info.faststart, "audio": info.has_audio}
    checks |= {"cover_sha256": _sha256(cover), "unsigned_sha256": unsigned}
    if fault:
        checks["repaired"] = f"Rendered again because {fault}."
    clip = Clip(
        path=video,
        cover_path=cover,
        key=key,
        sha256=_sha256(video),
        renderer=spec.renderer,
        model=spec.model,
        kind=spec.kind,
        width=info.width,
        height=info.height,
        fps=info.fps,
        frames=info.frames,
        seconds=info.seconds,
        seed=request.seed,
        audio=info.has_audio,
        timings={"render": drawn - started, "probe": time.perf_counter() - drawn},
        checks=checks,
    )
    kept = clip.model_copy(update={"checks": {name: value for name, value in checks.items() if name != "repaired"}})
    write_atomic(out_dir / f"{key}.json", kept.model_dump_json(indent=2).encode())
    return clip


def check_promise(info: VideoInfo, spec: Spec, video: Path) -> None:
    """Raise PopcornError where the finished file differs from what the renderer promised."""
    audio = info.has_audio if spec.audio is None else spec.audio
    promised = (spec.width, spec.height, spec.frames, "h264", "yuv420p", True, True, audio)
    found = (info.width, info.height, info.frames, info.codec, info.pix_fmt, info.bt709, info.faststart, info.has_audio)
    if found != promised or abs(info.fps - spec.fps) > 1e-3 or abs(info.seconds - spec.frames / spec.fps) > 1e-3:
        raise PopcornError(
            f"The rendered file {video.name} is not what was asked for (found {found} at {info.fps:g} fps, expected "
            f"{promised} at {spec.fps} fps); render it again."
        )


def facts_of(request: RenderRequest, spec: Spec) -> dict[str, Any]:
    """What the signed manifest says of the clip's making."""
    kept = metadata_of(request, spec)
    names = {"renderer": "popcorn_renderer", "model": "popcorn_model", "prompt_sha256": "popcorn_prompt_sha256"}
    facts: dict[str, Any] = {name: kept[key] for name, key in names.items()}
    return {"title": kept["title"], "ai_generated": True, "seed": request.seed, **facts}


def metadata_of(request: RenderRequest, spec: Spec) -> dict[str, str]:
    """What goes into the container: title, origin, and keys that tie the file to its request."""
    return {
        "title": request.title or request.prompt[:50],
        "comment": spec.comment,
        "popcorn_kind": spec.kind,
        "popcorn_renderer": f"{spec.renderer} {spec.versions.get(spec.renderer, '')}".strip(),
        "popcorn_model": spec.model or "none",
        "popcorn_prompt_sha256": hashlib.sha256(request.prompt.encode()).hexdigest(),
        "popcorn_seed": str(request.seed),
    }


def write_atomic(path: Path, content: bytes) -> None:
    """Write a whole file under its name or nothing; raises PopcornError where the folder cannot take it."""
    temp = path.with_name(f".{path.name}.{threading.get_ident()}-{time.monotonic_ns()}.part")
    try:
        temp.write_bytes(content)
        temp.replace(path)
    except OSError as error:
        raise PopcornError(f"{path} could not be written ({error.strerror}); check the disk.") from error
    finally:
        temp.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
