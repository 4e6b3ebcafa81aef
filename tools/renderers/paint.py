"""Brushes: anti-aliased shapes in unit coordinates, gradients, glows, and the light of each time of day."""

import itertools
import random
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Pixels = NDArray[np.uint8]
Color = tuple[int, int, int]

MARGIN_X, MARGIN_Y = 1.24, 1.16  # the painted set is larger than the frame, so that the camera can move
HORIZON = 0.475  # as a share of the set's height


class Light(NamedTuple):
    """The light of a time of day: sky from top to horizon, what it does to local colours, and the colour of rims."""

    sky: tuple[Color, Color, Color]
    tint: tuple[float, float, float]
    rim: Color


LIGHTS = {
    "day": Light(((52, 112, 188), (112, 168, 216), (190, 214, 222)), (0.95, 0.95, 0.93), (255, 240, 205)),
    "dawn": Light(((84, 100, 160), (190, 150, 172), (244, 192, 158)), (0.88, 0.80, 0.82), (255, 214, 184)),
    "sunset": Light(((48, 40, 98), (178, 78, 98), (246, 160, 92)), (0.82, 0.60, 0.58), (255, 178, 100)),
    "night": Light(((7, 9, 28), (20, 24, 62), (50, 54, 104)), (0.36, 0.40, 0.64), (138, 176, 255)),
}


class Layer(NamedTuple):
    """A painted plane; `depth` is the share of the camera's move that it follows (0 far away, 1 at the subject)."""

    rgb: Pixels
    alpha: Pixels | None
    depth: float


@dataclass
class Stage:
    """What a scene painter is given: set size in pixels, time of day, and its own dice."""

    w: int
    h: int
    time: str
    rng: random.Random

    @property
    def light(self) -> Light:
        """The light of the stage's time of day."""
        return LIGHTS[self.time]

    @property
    def night(self) -> bool:
        """Whether lamps should be lit."""
        return self.time == "night"


class Brush:
    """Draws at twice the size in unit coordinates of the set: x by its width, y by its height."""

    def __init__(self, stage: Stage, fill: Color | None = None) -> None:
        self.w, self.h = stage.w * 2, stage.h * 2
        self.image = Image.new("RGBA", (self.w, self.h), (*fill, 255) if fill else (0, 0, 0, 0))
        self.draw = ImageDraw.Draw(self.image)

    def rect(self, x0: float, y0: float, x1: float, y1: float, color: Color, radius: float = 0.0) -> None:
        """A filled rectangle; `radius` is a share of the width."""
        box = (x0 * self.w, y0 * self.h, max(x0, x1) * self.w, max(y0, y1) * self.h)
        self.draw.rounded_rectangle(box, radius * self.w, fill=color)

    def poly(self, points: list[tuple[float, float]], color: Color) -> None:
        """A filled polygon."""
        self.draw.polygon([(x * self.w, y * self.h) for x, y in points], fill=color)

    def disc(self, x: float, y: float, r: float, color: Color, squash: float = 1.0) -> None:
        """A filled circle whose radius is a share of the shorter side; `squash` flattens it."""
        px = r * min(self.w, self.h)
        x, y = x * self.w, y * self.h
        self.draw.ellipse((x - px, y - px * squash, x + px, y + px * squash), fill=color)

    def line(self, points: list[tuple[float, float]], color: Color, width: float = 0.004) -> None:
        """A stroke; `width` is a share of the shorter side."""
        thick = max(1, round(width * min(self.w, self.h)))
        self.draw.line([(x * self.w, y * self.h) for x, y in points], fill=color, width=thick, joint="curve")

    def rgba(self) -> Pixels:
        """The drawing at the set's own size."""
        return np.asarray(self.image.reduce(2))


def gradient(stage: Stage, stops: list[tuple[float, Color]]) -> Pixels:
    """A vertical gradient through (height, colour) stops."""
    y = np.linspace(0, 1, stage.h)
    at = [stop for stop, _ in stops]
    rows = np.stack([np.interp(y, at, [color[c] for _, color in stops]) for c in range(3)], axis=1)
    return np.repeat(np.round(rows).astype(np.uint8)[:, None], stage.w, axis=1)


def sky(stage: Stage) -> Pixels:
    """The sky of the stage's time, with stars at night, haze and clouds else, kept below white."""
    top, middle, low = stage.light.sky
    image = gradient(stage, [(0, top), (HORIZON * 0.6, middle), (HORIZON * 1.05, low), (1, low)])
    if stage.night:
        return stars(stage, image, 150)
    clouds = cloud_map(stage, 5, squash=2.6)
    fade = np.linspace(0.15, 1.0, stage.h)[:, None]
    white = np.array(
        {"day": (242, 244, 246), "dawn": (255, 214, 196), "sunset": (255, 142, 110)}[stage.time], np.float32
    )
    amount = (np.clip((clouds - 0.52) * 2.6, 0, 1) * fade * 0.62)[..., None].astype(np.float32)
    return np.asarray(image + (white - image) * amount, np.uint8)


def stars(stage: Stage, image: Pixels, count: int) -> Pixels:
    """The picture with stars above the horizon."""
    image = image.copy()
    dice = np.random.default_rng(stage.rng.getrandbits(32))
    xs, ys = dice.integers(1, stage.w - 1, count), dice.integers(1, int(stage.h * HORIZON), count)
    for x, y, b in zip(xs, ys, dice.integers(90, 220, count), strict=True):
        image[y, x] = np.maximum(image[y, x], b)
        if b > 190:
            image[y - 1 : y + 2, x] = np.maximum(image[y - 1 : y + 2, x], b // 2)
            image[y, x - 1 : x + 2] = np.maximum(image[y, x - 1 : x + 2], b // 2)
    return image


def cloud_map(stage: Stage, octaves: int = 4, squash: float = 1.0, base: int = 3) -> NDArray[np.float32]:
    """Smooth fractal noise over the set, 0 to 1; `squash` stretches it sideways."""
    import cv2

    dice = np.random.default_rng(stage.rng.getrandbits(32))
    total = np.zeros((stage.h // 2, stage.w // 2), np.float32)
    size = (stage.w // 2, stage.h // 2)
    for octave in range(octaves):
        cells = base * 2**octave
        grid = dice.random((max(2, int(cells * stage.h / stage.w * squash)), cells), np.float32)
        total += cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC) * 0.55**octave
    total -= total.min()
    return np.asarray(cv2.resize(total / total.max(), (stage.w, stage.h), interpolation=cv2.INTER_LINEAR), np.float32)


def tinted(rgb: Pixels, tint: tuple[float, float, float]) -> Pixels:
    """Local colours under a coloured light."""
    return np.asarray(rgb * np.array(tint, np.float32), np.uint8)


def glow(image: Pixels, x: float, y: float, r: float, color: Color, strength: float = 1.0, squash: float = 1.0) -> None:
    """Add a soft light in place; x, y in unit coordinates, r a share of the shorter side."""
    h, w = image.shape[:2]
    px, cx, cy = r * min(h, w), x * w, y * h
    x0, x1 = max(0, int(cx - px)), min(w, int(cx + px) + 1)
    y0, y1 = max(0, int(cy - px * squash)), min(h, int(cy + px * squash) + 1)
    if x0 >= x1 or y0 >= y1:
        return
    dx = (np.arange(x0, x1, dtype=np.float32) - cx) / px
    dy = (np.arange(y0, y1, dtype=np.float32) - cy) / (px * squash)
    fall = np.minimum(np.clip(1 - np.sqrt(dx[None] ** 2 + dy[:, None] ** 2), 0, 1) ** 2 * strength, 0.96)
    part = image[y0:y1, x0:x1].astype(np.float32)
    # Screen, not add: light never burns out to flat white.
    part += (255 - part) * fall[..., None] * (np.array(color, np.float32) / 255)
    image[y0:y1, x0:x1] = part.astype(np.uint8)


def lit(image: Pixels, lamps: Pixels, bloom: float = 0.02) -> Pixels:
    """Screen the drawn lamps (RGBA) and their bloom over an image."""
    import cv2

    on = (lamps[..., :3].astype(np.float32) * (lamps[..., 3:] / 255.0)).astype(np.uint8)
    small = cv2.resize(on, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), max(1.0, bloom * min(small.shape[:2]) * 2))
    halo = cv2.resize(small, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_LINEAR)
    light = cv2.add(on, halo)
    return np.asarray(255 - cv2.multiply(255 - image, 255 - light, scale=1 / 255), np.uint8)


def over(image: Pixels, top: Pixels) -> Pixels:
    """A drawing (RGBA) over an opaque picture."""
    alpha = top[..., 3:].astype(np.float32) / 255
    return np.asarray(image + (top[..., :3] - image.astype(np.float32)) * alpha, np.uint8)


def plane(drawing: Pixels, depth: float, tint: tuple[float, float, float] = (1, 1, 1)) -> Layer:
    """A drawing (RGBA) as a layer under a tint."""
    return Layer(tinted(drawing[..., :3], tint), np.ascontiguousarray(drawing[..., 3]), depth)


def ridge(stage: Stage, base: float, height: float, rough: int, jag: float = 0.5) -> list[tuple[float, float]]:
    """A mountain line from left to right, closed at the bottom."""
    points = [0.5] * 2
    for level in range(rough):
        bent: list[float] = []
        for a, b in itertools.pairwise(points):
            bent += [a, (a + b) / 2 + stage.rng.uniform(-0.5, 0.5) * jag**level]
        points = [*bent, points[-1]]
    low, high = min(points), max(points)
    steps = len(points) - 1
    line = [(i / steps, base - height * (v - low) / (high - low or 1)) for i, v in enumerate(points)]
    return [(0, 1), *line, (1, 1)]


def mix(a: Color, b: Color, share: float) -> Color:
    """Colour between a and b."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )
