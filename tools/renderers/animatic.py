"""The animatic: an art-directed pre-visualisation of the script on a CPU, marked as one in every frame."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ..video import encode
from . import Progress, RenderRequest, Spec, camera, lettering, staging
from .cache import metadata_of, write_atomic
from .casting import catalogue
from .covers import cover_source, paint_in_worker, png
from .effects import BEHIND, Draw, effect
from .paint import Layer, Pixels
from .rooms import floor_for, table_for
from .scenes import PLAIN, TABLED, TABLES, paint_set
from .sprites import blend
from .storyboard import Shot, Storyboard, storyboard
from .towns import side_road
from .venues import pedestal

VERSION = "2"  # raise it with every change that changes a pixel
FPS = 24
TRAVEL = 0.55  # how fast the setting passes a subject that goes somewhere, in frame widths a second
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
    board = board.model_copy(update={"title_top": board.title_top and request.aspect == "9:16"})
    layers = _layers(board, spec, request.aspect)
    where = staging.layout(spec.width, spec.height, request.aspect, board)
    actors = staging.cast(board, where)
    effects = _effects(board, spec)
    area = lettering.type_area(spec.width, spec.height, request.aspect, board.title_top)
    words = lettering.set_title(request.title, area, board.mood)
    lens = _lens(spec, words, layers)
    pace = TRAVEL if board.travels else 0.0
    for number, shot in enumerate(board.shots, 1):
        planes = camera.planes(layers, shot.framing, board.travels, not board.subjects)
        mark = lettering.label(spec.width, spec.height, f"SHOT {number}/{len(board.shots)} · {shot.move.upper()}")
        for index in range(shot.start, shot.end):
            t = index / spec.fps
            at = camera.view(shot, index, board.mood, pace)
            frame = _picture(board, planes, layers, effects, actors, where, shot, at, t, spec, lens)
            frame = _flashed(frame, _flash(board, number - 1, index - shot.start))
            lettering.draw_title(frame, words, t)
            blend(frame, *mark)
            yield frame


def poster(board: Storyboard, request: RenderRequest, spec: Spec) -> Pixels:
    """The cover: the cover prompt's setting and subject where it names them, posed, with a large centred title."""
    if request.cover_prompt:
        own = storyboard(request.cover_prompt, request.title, request.seed, spec.frames, spec.fps, board)
        duel = own.duel and board.duel
        board = own.model_copy(
            update={
                "transform": own.transform or board.transform,
                "shots": board.shots,
                "duel": duel,
                "subjects": own.subjects if duel else own.subjects[:1],
            }
        )
    bust = bool(board.subjects) and catalogue()[board.subjects[0]].stage == "b" and not (board.duel or board.ride)
    board = board.model_copy(update={"title_top": bust and request.aspect == "9:16", "travels": False})
    shot = board.shots[-1].model_copy(
        update={"framing": "close" if board.subjects else "wide", "power": 1.0, "move": "push-in", "flip": False}
    )
    layers = _layers(board, spec, request.aspect)
    where = staging.layout(spec.width, spec.height, request.aspect, board)
    actors = staging.cast(board, where)
    at, t = camera.View(1.06, 0.0, 0.0), 0.9
    effects = _effects(board, spec)
    area = lettering.type_area(spec.width, spec.height, request.aspect, bust)
    if request.aspect == "9:16":  # inside the square that a profile's grid shows, or nearly
        top, end = (0.13, 0.36) if bust else (0.60, 0.85)
        area = lettering.Area(
            round(spec.width * 0.06), round(spec.height * top), round(spec.width * 0.94), round(spec.height * end)
        )
    words = lettering.set_title(request.title, area, board.mood, center=True)
    planes = camera.planes(layers, shot.framing, sharp=not board.subjects)
    frame = _picture(board, planes, layers, effects, actors, where, shot, at, t, spec, _lens(spec, words, layers))
    lettering.draw_title(frame, words, 99.0)
    return frame


def _layers(board: Storyboard, spec: Spec, aspect: str) -> list[Layer]:
    layers = paint_set(board.setting, board.time, spec.width, spec.height, board.mood)
    kind = catalogue()[board.subjects[0]].stage if board.subjects else "g"
    if board.travels and board.setting in ("city", "street"):
        layers[-1] = side_road(layers[0].rgb.shape, board.time)
    on_table = kind == "t" or (kind == "b" and aspect != "9:16")
    if kind in "gaw" and board.subjects and board.setting in TABLED:
        layers[-1] = floor_for(layers[0].rgb.shape, board.time, board.setting)
    stand = table_for if board.setting in TABLES else pedestal if board.setting in PLAIN else None
    if on_table and stand:
        layers = [layer for layer in layers if layer.depth < 1.05]
        layers.append(stand(layers[0].rgb.shape, board.time, board.setting))
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
    lens: Pixels,
) -> Pixels:
    """One frame without type: the set, what glows behind the subject, the subject, what falls in front of it."""
    import cv2

    set_size = (layers[0].rgb.shape[1], layers[0].rgb.shape[0])
    front = sum(plane.depth > 1.05 for plane in planes)
    if actors.stage == "b" and not where.cut:
        front = 1  # a bust stands behind its table
    frame: Pixels | None = None
    for plane in planes[: len(planes) - front]:
        frame = camera.look(plane, frame, (spec.width, spec.height), set_size, shot.framing, at, where.drop)
    assert frame is not None  # noqa: S101  (every set has a first plane)
    power = shot.power if board.transform else 0.8
    if "aura" in effects:
        frame = cv2.convertScaleAbs(frame, alpha=0.86 - 0.40 * power)
    box = staging.subject_box(where, shot, at, actors)
    if actors.after is not None and shot.power >= 0.99 and "aura" not in effects:
        staging.glory(frame, box)
    if board.title_top:  # the shade for type above a head lies behind the head
        frame = _seen(frame, lens)
    _apply(effects, BEHIND, True, frame, t, box, power)
    staging.draw_subjects(frame, board, actors, where, shot, at, t)
    for plane in planes[len(planes) - front :]:
        frame = camera.look(plane, frame, (spec.width, spec.height), set_size, shot.framing, at, where.drop)
    _apply(effects, BEHIND, False, frame, t, box, power)
    return frame if board.title_top else _seen(frame, lens)


def _effects(board: Storyboard, spec: Spec) -> dict[str, Draw]:
    return {name: effect(name, spec.width, spec.height, board.mood) for name in board.effects}


def _apply(effects: dict[str, Draw], names: tuple[str, ...], behind: bool, *args: Any) -> None:
    for name, paint in effects.items():
        if (name in names) is behind:
            paint(*args)


def _lens(spec: Spec, words: list[lettering.Word], layers: list[Layer]) -> Pixels:
    """What every frame is multiplied with: darker corners, and as much shade under the type as the set is bright."""
    y, x = np.mgrid[0 : 1 : spec.height * 1j, -1 : 1 : spec.width * 1j]
    shade = 1 - 0.30 * np.clip((x**2 + (2 * y - 1) ** 2) - 0.75, 0, 1)
    if words:
        box = lettering.extent(words)
        top, end = box.y0 / spec.height, box.y1 / spec.height
        above = top <= 0.35
        behind = layers[0] if above else max(layers, key=lambda layer: (layer.depth <= 1.05, layer.depth))
        rows = behind.rgb[round(top * len(behind.rgb)) : round(end * len(behind.rgb))]
        glare = (np.percentile(rows, 99) - 120) / 100  # a moon behind a letter counts
        need = np.clip(max((float(rows.mean()) - 35) / 100, glare), 0.3, 1.0)
        rise = 1.0 if above else _smooth((y - top + 0.10) / 0.12)
        fall = _smooth((end + 0.10 - y) / 0.12)
        shade *= 1 - need * (0.42 * fall if above else 0.54 * rise * (0.7 + 0.3 * fall))
    shade *= 1 - 0.22 * np.clip(1 - y / 0.12, 0, 1)
    return np.repeat((shade * 255).astype(np.uint8)[..., None], 3, axis=2)


def _smooth(share: Any) -> Any:
    share = np.clip(share, 0, 1)
    return share * share * (3 - 2 * share)


def _flash(board: Storyboard, shot: int, index: int) -> float:
    """A white flash over two frames where a transformation breaks through."""
    return (0.55, 0.25, 0.10)[index] if board.transform and shot == len(board.shots) - 1 and index < 3 else 0.0


def _flashed(frame: Pixels, flash: float) -> Pixels:
    import cv2

    if not flash:
        return frame
    return np.asarray(cv2.addWeighted(frame, 1 - flash, np.full_like(frame, 244), flash, 0), np.uint8)


def _seen(frame: Pixels, lens: Pixels) -> Pixels:
    import cv2

    return np.asarray(cv2.multiply(frame, lens, scale=1 / 255), np.uint8)
