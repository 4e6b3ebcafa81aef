"""The camera: where it looks in each frame of a shot, and the planes of the set as it sees them."""

import random
from typing import NamedTuple

import numpy as np

from .paint import HORIZON, Layer, Pixels
from .sprites import blend
from .storyboard import Framing, Shot

ZOOM: dict[Framing, float] = {"wide": 1.0, "medium": 1.14, "close": 1.46}
BLUR: dict[Framing, float] = {"wide": 0.0, "medium": 1.4, "close": 4.0}


class View(NamedTuple):
    """Zoom (1 or more) and shift in shares of the frame; the subject moves and grows with it.

    `scroll` is how far the setting alone has passed by, in frame widths: a subject that travels stays in the picture.
    """

    zoom: float
    dx: float
    dy: float
    scroll: float = 0.0


class Plane(NamedTuple):
    """A layer ready for the camera: premultiplied where it has alpha, cut to the rows that it covers."""

    pixels: Pixels
    top: int
    depth: float
    opaque: bool


def view(shot: Shot, frame: int, seed: int, travels: float = 0.0) -> View:
    """Where the camera is at a frame of its shot; `travels`: frame widths a second that the setting passes by."""
    at = _move(shot, frame, seed)
    if not travels:
        return at
    return at._replace(dx=at.dx * 0.4, scroll=travels * (frame - (shot.start + shot.end) / 2) / 24)


def _move(shot: Shot, frame: int, seed: int) -> View:
    span = max(1, shot.end - shot.start - 1)
    p = (frame - shot.start) / span
    ease = p * p * (3 - 2 * p) * 0.6 + p * 0.4
    side = -1.0 if shot.flip else 1.0
    if shot.move == "push-in":
        return View(1.0 + 0.15 * ease, 0.0, 0.0)
    if shot.move == "pull-out":
        return View(1.17 - 0.15 * ease, 0.0, 0.0)
    if shot.move == "pan":
        return View(1.05, side * (0.085 - 0.17 * ease), 0.0)
    if shot.move == "tilt":
        return View(1.06 + 0.03 * ease, 0.0, 0.042 - 0.050 * ease)
    if shot.move == "orbit":
        return View(1.06 + 0.03 * np.sin(np.pi * p), side * (0.075 * np.cos(np.pi * p)), 0.006 * np.sin(np.pi * p))
    return _handheld(shot, frame, seed, p)


def _handheld(shot: Shot, frame: int, seed: int, p: float) -> View:
    dice = random.Random(f"hand {seed} {shot.start}")
    a, b, c, d = (dice.uniform(0, 6.28) for _ in range(4))
    t = frame / 24
    dx = 0.012 * np.sin(5.1 * t + a) + 0.006 * np.sin(11.3 * t + b)
    dy = 0.008 * np.sin(6.3 * t + c) + 0.004 * np.sin(13.1 * t + d)
    return View(1.07 + 0.04 * p, dx, dy)


def planes(layers: list[Layer], framing: Framing, endless: bool = False, sharp: bool = False) -> list[Plane]:
    """The layers as planes; what lies behind the subject loses focus as the camera comes closer.

    `endless` ones go on to both sides, mirrored, for a camera that travels; `sharp` ones keep their focus, where the
    setting is what is to be seen.
    """
    import cv2

    ready: list[Plane] = []
    for layer in layers:
        near = 0.0 if sharp else BLUR[framing]
        sigma = near if layer.depth < 0.9 else (near * 0.8 + 1.2 if layer.depth > 1.05 else 0.0)
        if layer.alpha is None:
            ready.append(Plane(_long(_soft(layer.rgb, sigma), endless), 0, layer.depth, True))
            continue
        rows = np.flatnonzero(layer.alpha.max(axis=1))
        top, end = max(0, int(rows[0]) - 16), min(layer.rgb.shape[0], int(rows[-1]) + 17)
        alpha = layer.alpha[top:end]
        color = cv2.multiply(layer.rgb[top:end], cv2.merge([alpha, alpha, alpha]), scale=1 / 255)
        soft = _soft(np.dstack([color, alpha]), sigma)
        ready.append(Plane(_long(soft, endless), top, layer.depth, False))
    return ready


def _long(pixels: Pixels, endless: bool) -> Pixels:
    return np.hstack([pixels[:, ::-1], pixels, pixels[:, ::-1]]) if endless else pixels


def _soft(pixels: Pixels, sigma: float) -> Pixels:
    import cv2

    if not sigma:
        return pixels
    half = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    half = cv2.GaussianBlur(half, (0, 0), sigma / 2)
    return np.asarray(cv2.resize(half, (pixels.shape[1], pixels.shape[0]), interpolation=cv2.INTER_LINEAR), np.uint8)


def look(
    plane: Plane,
    frame: Pixels | None,
    size: tuple[int, int],
    set_size: tuple[int, int],
    framing: Framing,
    at: View,
    drop: float = 0.0,
) -> Pixels:
    """The plane through the camera, blended over `frame`; the first plane starts the frame.

    `drop` is how many pixels lower than in the middle the horizon stands.
    """
    import cv2

    width, height = size
    zoom = ZOOM[framing] * at.zoom
    scale = 1 + (zoom - 1) * (0.45 + 0.55 * min(1.0, plane.depth))
    # The horizon stays where it is while zooming, so that feet stay on the ground.
    anchor_set = (set_size[0] / 2, set_size[1] * (HORIZON + 0.06))
    anchor_frame = (width / 2, height / 2 + (HORIZON + 0.06 - 0.5) * set_size[1] + drop)
    left = anchor_frame[0] + (at.dx + at.scroll) * width * plane.depth - anchor_set[0] * scale
    left -= (plane.pixels.shape[1] - set_size[0]) / 2 * scale
    top = anchor_frame[1] + at.dy * height * plane.depth - (anchor_set[1] - plane.top) * scale
    if plane.opaque or frame is None:
        matrix = np.array([[scale, 0, left], [0, scale, top]])
        return np.asarray(
            cv2.warpAffine(plane.pixels, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
            np.uint8,
        )
    y0, y1 = max(0, int(top)), min(height, int(top + plane.pixels.shape[0] * scale) + 1)
    if y0 >= y1:
        return frame
    matrix = np.array([[scale, 0, left], [0, scale, top - y0]])
    # At the lower edge the ground goes on; above, the plane is transparent anyway.
    seen = cv2.warpAffine(
        plane.pixels, matrix, (width, y1 - y0), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    blend(frame, seen, 0, y0)
    return frame
