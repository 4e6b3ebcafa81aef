"""The animatic: an art-directed pre-visualisation of the script on a CPU, marked as one in every frame."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ..video import encode
from . import Progress, RenderRequest, Spec, camera, lettering, staging
from .cache import metadata_of, write_atomic
from .covers import cover_source, paint_in_worker, png
from .effects import BEHIND, Draw, effect
from .paint import Layer, Pixels
from .rooms import table_for
from .scenes import TABLED, paint_set
from .sprites import blend
from .storyboard import Shot, Storyboard, catalogue, storyboard
from .venues import pedestal

VERSION = "1"  # raise it with every change that changes a pixel
FPS = 24
SIZES = {"9:16": (544, 960), "16:9": (960, 544), "1:1": (720, 720)}
COMMENT = "AI-generated animatic (algorithmic pre-visualisation, not footage), made with popcorn-agents."


def plan(request: RenderRequest) -> Spec:
    """What the animatic promises for the request."""
    width, height = SIZES[request.aspect]
    return Spec(
        renderer="animatic",
        kind="animatic",
        width=width,
        height=height,
        fps=FPS,
        frames=max(1, round(request.seconds * FPS)),
        versions={"animatic": VERSION}
        | {name: version(name) for name in ("numpy", "pillow", "opencv-python-headless", "av")},
        settings={} if request.cover_model is None else {"cover": cover_source(request.cover_model)[0]},
        comment=COMMENT,
    )


def draw(request: RenderRequest, spec: Spec, video: Path, cover: Path, progress: Progress) -> dict[str, Any]:
    """Write the clip and its cover; gives back the storyboard that was drawn."""
    board = storyboard(request.prompt, request.title, request.seed, spec.frames, spec.fps)
    encode(
        _counted(frames(board, request, spec), spec.frames, progress),
        video,
        fps=spec.fps,
        metadata=metadata_of(request, spec),
    )
    if request.cover_model is None:
        write_atomic(cover, png(poster(board, request, spec)))
    else:
        paint_in_worker(request, spec, cover, progress)
    return {"storyboard": board.model_dump(mode="json")}


def _counted(drawn: Iterator[Pixels], total: int, progress: Progress) -> Iterator[Pixels]:
    progress(0, total)
    for index, frame in enumerate(drawn):
        yield frame
        progress(index + 1, total)


def frames(board: Storyboard, request: RenderRequest, spec: Spec) -> Iterator[Pixels]:
    """The clip's frames in order, RGB."""
    layers = _layers(board, spec, request.seed)
    where = staging.layout(spec.width, spec.height, request.aspect)
    actors = staging.cast(board, where)
    effects = _effects(board, spec, request.seed)
    words = lettering.set_title(
        request.title, lettering.type_area(spec.width, spec.height, request.aspect), request.seed
    )
    lens = _lens(spec, bool(words))
    for number, shot in enumerate(board.shots, 1):
        planes = camera.planes(layers, shot.framing)
        mark = lettering.label(spec.width, spec.height, f"SHOT {number}/{len(board.shots)} · {shot.move.upper()}")
        for index in range(shot.start, shot.end):
            t = index / spec.fps
            at = camera.view(shot, index, request.seed)
            frame = _picture(board, planes, layers, effects, actors, where, shot, at, t, spec)
            frame = _finish(frame, lens, _flash(board, number - 1, index - shot.start))
            lettering.draw_title(frame, words, t)
            blend(frame, *mark)
            yield frame


def poster(board: Storyboard, request: RenderRequest, spec: Spec) -> Pixels:
    """The cover: the cover prompt's setting and subject where it names them, posed, with a centred title."""
    if request.cover_prompt:
        own = storyboard(request.cover_prompt, request.title, request.seed, spec.frames, spec.fps)
        board = own.model_copy(update={"transform": own.transform or board.transform, "shots": board.shots})
    shot = board.shots[-1].model_copy(
        update={"framing": "close" if board.subjects else "wide", "power": 1.0, "move": "push-in", "flip": False}
    )
    layers = _layers(board, spec, request.seed)
    where = staging.layout(spec.width, spec.height, request.aspect)
    actors = staging.cast(board, where)
    at, t = camera.View(1.06, 0.0, 0.0), 0.9
    effects = _effects(board, spec, request.seed)
    frame = _picture(board, camera.planes(layers, shot.framing), layers, effects, actors, where, shot, at, t, spec)
    area = lettering.type_area(spec.width, spec.height, request.aspect)
    if request.aspect == "9:16":
        area = lettering.Area(
            spec.width // 14, round(spec.height * 0.61), spec.width - spec.width // 14, round(spec.height * 0.90)
        )
    words = lettering.set_title(request.title, area, request.seed, center=True)
    frame = _finish(frame, _lens(spec, bool(words)), 0.0)
    lettering.draw_title(frame, words, 99.0)
    return frame


def _layers(board: Storyboard, spec: Spec, seed: int) -> list[Layer]:
    layers = paint_set(board.setting, board.time, spec.width, spec.height, seed)
    kind = catalogue()[board.subjects[0]].stage if board.subjects else "g"
    if kind in ("t", "b") and board.setting not in TABLED:
        plain = kind == "t" and board.setting in ("studio", "dream")
        layers = [layer for layer in layers if layer.depth < 1.05]
        layers.append((pedestal if plain else table_for)(layers[0].rgb.shape, board.time, board.setting))
    return layers


def _picture(
    board: Storyboard,
    planes: list[camera.Plane],
    layers: list[Layer],
    effects: dict[str, Draw],
    actors: staging.Cast,
    where: staging.Layout,
    shot: Shot,
    at: camera.View,
    t: float,
    spec: Spec,
) -> Pixels:
    """One frame without type: the set, what glows behind the subject, the subject, what falls in front of it."""
    import cv2

    set_size = (layers[0].rgb.shape[1], layers[0].rgb.shape[0])
    front = 1 if actors.stage == "b" else sum(plane.depth > 1.05 for plane in planes)  # a bust stands behind its table
    frame: Pixels | None = None
    for plane in planes[: len(planes) - front]:
        frame = camera.look(plane, frame, (spec.width, spec.height), set_size, shot.framing, at)
    assert frame is not None  # noqa: S101  (every set has a first plane)
    power = shot.power if board.transform else 0.8
    if "aura" in effects:
        frame = cv2.convertScaleAbs(frame, alpha=0.86 - 0.40 * power)
    box = staging.subject_box(where, shot, at, actors.hero, actors.stage == "b")
    if actors.after is not None and shot.power >= 0.99 and "aura" not in effects:
        staging.glory(frame, box)
    _apply(effects, BEHIND, True, frame, t, box, power)
    staging.draw_subjects(frame, board, actors, where, shot, at, t)
    for plane in planes[len(planes) - front :]:
        frame = camera.look(plane, frame, (spec.width, spec.height), set_size, shot.framing, at)
    _apply(effects, BEHIND, False, frame, t, box, power)
    return frame


def _effects(board: Storyboard, spec: Spec, seed: int) -> dict[str, Draw]:
    return {name: effect(name, spec.width, spec.height, seed) for name in board.effects}


def _apply(effects: dict[str, Draw], names: tuple[str, ...], behind: bool, *args: Any) -> None:
    for name, paint in effects.items():
        if (name in names) is behind:
            paint(*args)


def _lens(spec: Spec, typed: bool) -> Pixels:
    """What every frame is multiplied with: darker corners, and a slope of shade under the type."""
    y, x = np.mgrid[0 : 1 : spec.height * 1j, -1 : 1 : spec.width * 1j]
    shade = 1 - 0.30 * np.clip((x**2 + (2 * y - 1) ** 2) - 0.75, 0, 1)
    if typed:
        slope = np.clip((y - 0.52) / 0.22, 0, 1)
        shade *= 1 - 0.58 * slope * slope * (3 - 2 * slope)
    top = np.clip(1 - y / 0.12, 0, 1)
    shade *= 1 - 0.22 * top
    return np.repeat((shade * 255).astype(np.uint8)[..., None], 3, axis=2)


def _flash(board: Storyboard, shot: int, index: int) -> float:
    """A white flash over two frames where a transformation breaks through."""
    return (0.55, 0.25, 0.10)[index] if board.transform and shot == len(board.shots) - 1 and index < 3 else 0.0


def _finish(frame: Pixels, lens: Pixels, flash: float) -> Pixels:
    import cv2

    if flash:
        frame = cv2.addWeighted(frame, 1 - flash, np.full_like(frame, 244), flash, 0)
    return np.asarray(cv2.multiply(frame, lens, scale=1 / 255), np.uint8)
