"""A video server (vLLM-Omni, SGLang, OpenAI) as renderer: its clip is cut to exactly what was asked."""

import math
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from pydantic import BaseModel, ConfigDict

from ..errors import InputError, PopcornError
from ..sound import read_sound
from ..video import Frame, decode_frames, encode, probe
from . import Progress, RenderRequest, Spec, video_api
from .cache import metadata_of, write_atomic
from .covers import best_look, cover_source, look, paint_in_worker, png
from .remote_job import Fields, finished_job
from .resample import due
from .sizing import Shape, crop, parse_size, shape_of
from .specs import BY_NAME, HD, MODELS
from .video_connection import KEY_VARIABLE, connect, is_openai

VERSION = "2"  # raise it with every change that changes a picture
COMMENT = "AI-generated video (made by a text-to-video model on a server), made with popcorn-agents."
FPS = 24
SLICE = 0.1  # how often a wait asks whether the render was stopped
OPENAI_SIZES = {"9:16": (720, 1280), "16:9": (1280, 720), "1:1": (720, 1280)}
OPENAI_SECONDS = (4, 8, 12)


class Settings(BaseModel):
    """What shapes the clip: where it is made, what is asked of the server, and what is written."""

    model_config = ConfigDict(frozen=True)

    url: str
    fields: Fields
    shape: Shape
    cover: str


def plan(request: RenderRequest) -> Spec:
    """What the render promises; raises InputError for an address or a setting that no video server takes."""
    url = server_of(request.video_url, request.model)
    _refuse_local(request)
    fields, shape = _openai(request) if is_openai(url) else _open_server(request)
    cover = cover_source(request.cover_model)[0]
    return Spec(
        renderer="remote",
        kind="footage",
        width=shape.out_width,
        height=shape.out_height,
        fps=shape.out_fps,
        frames=shape.out_frames,
        versions={"remote": VERSION} | {name: version(name) for name in ("numpy", "opencv-python-headless", "av")},
        model=request.model,
        audio=None,  # what the server makes
        settings=Settings(url=url, fields=fields, shape=shape, cover=cover).model_dump(mode="json"),
        comment=COMMENT,
    )


def server_of(url: str | None, model: str | None) -> str:
    """The API's base address, with /v1 where only a host is given; raises InputError."""
    if not url:
        raise InputError("--renderer remote needs a video server; name it, as in --video-url http://localhost:8091/v1.")
    if not model:
        raise InputError("--renderer remote needs the server's name of the video model; give it with --model.")
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        whole = False
    if not whole or any(not 33 <= ord(letter) < 127 for letter in url):
        raise InputError("--video-url takes an address such as http://localhost:8091/v1.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise InputError(f"--video-url takes no key, user or query; put the key into {KEY_VARIABLE}.")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/') or '/v1'}"


def draw(request: RenderRequest, spec: Spec, video: Path, cover: Path, progress: Progress) -> dict[str, Any]:
    """Have the server make the clip, fetch it, and write it exactly as asked, with its cover."""
    settings = Settings.model_validate(spec.settings)
    started = time.perf_counter()
    raw = video.with_name(f".{video.stem}.download.part")
    record = video.with_name(f"{video.stem}.job.json")
    told, pause = _pauser(progress)
    with connect(settings.url, pause) as api:
        job = finished_job(api, settings.fields, record, told)
        made = time.perf_counter()
        try:
            size = video_api.download(api, job, raw)
            fetched = time.perf_counter()
            facts = _write(raw, request, spec, settings.shape, video, cover, told, record)
        finally:
            raw.unlink(missing_ok=True)
    timings = {"server": made - started, "download": fetched - made, "encode": time.perf_counter() - fetched}
    told(100, 100)
    return {**facts, "job": job, "download_bytes": size, "model_timings": timings}


def _write(
    raw: Path,
    request: RenderRequest,
    spec: Spec,
    shape: Shape,
    video: Path,
    cover: Path,
    progress: Progress,
    record: Path,
) -> dict[str, Any]:
    """The downloaded clip, cut in time and space to exactly what was asked, and its cover."""
    again = f"delete {record} and run the same command again to have it made anew"
    with raw.open("rb") as file:
        # A playlist would have the decoder open other files and addresses, whatever its type says.
        if file.read(12)[4:8] != b"ftyp":
            raise PopcornError(f"The video server's file is no MP4; {again}.")
    asked = shape.out_frames / shape.out_fps
    try:
        info, sound = probe(raw), read_sound(raw, asked)
    except PopcornError as error:
        raise PopcornError(f"The video server's file cannot be read or was cut off; {again}.") from error
    if info.fps <= 0 or (info.frames + 1) / info.fps < asked:
        raise PopcornError(
            f"The video server's clip lasts {info.seconds:.2f} s of the {asked:.2f} s asked; ask for fewer --seconds, "
            f"or {again}."
        )
    wanted, looks = due(info.frames, info.fps, shape.out_frames, shape.out_fps), []

    def counted() -> Iterator[Frame]:
        for frame in _exactly(raw, wanted, shape):
            looks.append(look(frame))
            progress(99, 100)
            yield frame

    encode(counted(), video, fps=shape.out_fps, metadata=metadata_of(request, spec), sound=sound)
    if request.cover_model is None:
        best = wanted[best_look(looks)]
        write_atomic(cover, png(next(_exactly(raw, [best], shape))))
    else:
        paint_in_worker(request, spec, cover, progress)
    return {"server_size": f"{info.width}x{info.height}", "server_fps": info.fps, "server_frames": info.frames}


def _exactly(raw: Path, wanted: list[int], shape: Shape) -> Iterator[Frame]:
    """The frames that are due, one decoded at a time, scaled only where the server made another size."""
    at, left = 0, iter(wanted)
    due_next = next(left, None)
    for index, frame in enumerate(decode_frames(raw)):
        while due_next == index:
            yield _fitted(frame, shape)
            at += 1
            due_next = next(left, None)
        if due_next is None:
            return
    raise PopcornError(f"The video server's file ends after {at} of {len(wanted)} frames; have it made anew.")


def _fitted(frame: Frame, shape: Shape) -> Frame:
    import cv2

    width, height = shape.out_width, shape.out_height
    made = frame.shape[:2]
    if made != (shape.height, shape.width):
        scale = max(width / made[1], height / made[0])
        size = (max(width, round(made[1] * scale)), max(height, round(made[0] * scale)))
        frame = np.asarray(
            cv2.resize(frame, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), np.uint8
        )
    top, left = (frame.shape[0] - height) // 2, (frame.shape[1] - width) // 2
    return frame[top : top + height, left : left + width]


def _open_server(request: RenderRequest) -> tuple[Fields, Shape]:
    """The fields that vLLM-Omni and SGLang take; sizes and frames by the model's row where the table has it."""
    row = BY_NAME.get(request.model or "") or next((row for row in MODELS if row.hub_id == request.model), None)
    if row is not None:
        shape = shape_of(request, row, None)
    else:
        shape = _free_shape(request, parse_size(request.size) if request.size else HD[request.aspect], FPS)
    fields: dict[str, str | int | float | None] = {
        "model": request.model,
        "prompt": request.prompt,
        "size": f"{shape.width}x{shape.height}",
        "seconds": str(math.ceil(shape.frames / shape.fps)),
        "num_frames": shape.frames,
        "fps": shape.fps,
        "seed": request.seed,
        "num_inference_steps": request.steps,
        "guidance_scale": request.guidance,
        "negative_prompt": request.negative_prompt,
    }
    return {name: value for name, value in fields.items() if value is not None}, shape


def _openai(request: RenderRequest) -> tuple[Fields, Shape]:
    """The four fields that OpenAI takes; it makes certain lengths only, of which the rest is cut off."""
    for name in ("frames", "steps", "guidance", "negative_prompt"):
        if getattr(request, name) is not None:
            raise InputError(f"OpenAI's video API takes no --{name.replace('_', '-')}; leave it out.")
    seconds = next((length for length in OPENAI_SECONDS if length >= request.seconds), None)
    if seconds is None:
        raise InputError(f"OpenAI's video API makes at most {OPENAI_SECONDS[-1]} s; ask for fewer --seconds.")
    shape = _free_shape(request, parse_size(request.size) if request.size else OPENAI_SIZES[request.aspect], FPS)
    fields: Fields = {
        "model": request.model or "",
        "prompt": request.prompt,
        "size": f"{shape.width}x{shape.height}",
        "seconds": str(seconds),
    }
    return fields, shape


def _free_shape(request: RenderRequest, size: tuple[int, int], fps: int) -> Shape:
    width, height = size
    if width % 2 or height % 2:
        raise InputError(
            f"--size takes even sides, not {width}x{height}; try --size {width + width % 2}x{height + height % 2}."
        )
    out_fps = request.fps or fps
    frames = request.frames or math.ceil(round(request.seconds * fps, 6))
    seconds = frames / fps if request.frames else request.seconds
    out_width, out_height = size if request.size else crop(width, height, request.aspect)
    return Shape(
        width=width, height=height, frames=frames, fps=fps,
        out_width=out_width, out_height=out_height, out_frames=max(1, round(seconds * out_fps)), out_fps=out_fps,
    )  # fmt: skip


def _refuse_local(request: RenderRequest) -> None:
    for name, plain in (("preset", None), ("memory", "auto"), ("speed", "plain"), ("random_weights", False)):
        if getattr(request, name) != plain:
            raise InputError(f"--{name.replace('_', '-')} belongs to --renderer diffusion; leave it out.")


def _pauser(progress: Progress) -> tuple[Progress, Callable[[float], None]]:
    """`progress`, and a wait that asks it ten times a second, with what it was last told, whether to stop."""
    last = 0

    def told(done: int, total: int) -> None:
        nonlocal last
        last = done
        progress(done, total)

    def pause(seconds: float) -> None:
        until = time.monotonic() + seconds
        told(last, 100)
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(SLICE, left))
            told(last, 100)

    return told, pause
