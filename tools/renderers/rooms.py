"""What every room shares: walls, windows, the light indoors, a table near the camera."""

import random

import numpy as np

from .paint import (
    HORIZON,
    Brush,
    Color,
    Layer,
    Stage,
    glow,
    lit,
    mix,
    plane,
    tinted,
)
from .terrain import ground

LAMP: Color = (255, 206, 140)


def room(stage: Stage, wall: Color, floor: Color, base: float = HORIZON + 0.02) -> tuple[Brush, Layer]:
    """A wall to draw on, and a floor plane that starts below its skirting."""
    brush = Brush(stage, wall)
    for i in range(24):
        brush.rect(
            0,
            i / 24 * base,
            1,
            (i + 1) / 24 * base + 0.002,
            mix(mix(wall, (0, 0, 0), 0.26), wall, min(1.0, 0.25 + i / 16)),
        )
    brush.rect(0, base - 0.014, 1, base + 0.004, mix(wall, (255, 255, 255), 0.35))
    ground_brush = ground(stage, mix(floor, (0, 0, 0), 0.45), floor, base)
    for i in range(-9, 11):  # boards that run away from the camera
        ground_brush.line(
            [(0.5 + (i - 0.5) * 0.10, base), (0.5 + (i - 0.5) * 0.42, 1)], mix(floor, (0, 0, 0), 0.30), 0.003
        )
    return brush, plane(ground_brush.rgba(), 0.95, indoor(stage))


def indoor(stage: Stage) -> tuple[float, float, float]:
    return {
        "day": (0.92, 0.91, 0.88),
        "dawn": (0.92, 0.84, 0.80),
        "sunset": (0.86, 0.70, 0.60),
        "night": (0.58, 0.50, 0.56),
    }[stage.time]


def finish(stage: Stage, brush: Brush, lamps: Brush | None, depth: float = 0.7) -> Layer:
    image = tinted(brush.rgba()[..., :3], indoor(stage))
    return Layer(lit(image, lamps.rgba(), 0.04) if lamps else image, None, depth)


def window(brush: Brush, stage: Stage, x0: float, y0: float, x1: float, y1: float) -> None:
    top, middle, low = stage.light.sky
    brush.rect(x0 - 0.014, y0 - 0.010, x1 + 0.014, y1 + 0.010, (236, 230, 220))
    for i in range(12):
        a, b = y0 + (y1 - y0) * i / 12, y0 + (y1 - y0) * (i + 1) / 12
        brush.rect(x0, a, x1, b + 0.001, mix(middle if i < 6 else low, top if i < 3 else low, 0.5))
    brush.rect((x0 + x1) / 2 - 0.006, y0, (x0 + x1) / 2 + 0.006, y1, (236, 230, 220))
    brush.rect(x0, (y0 + y1) / 2 - 0.004, x1, (y0 + y1) / 2 + 0.004, (236, 230, 220))


def table(stage: Stage, color: Color, edge: float = 0.505, round_top: bool = False) -> Layer:
    """A table-top near the camera, its far edge at `edge`."""
    brush = Brush(stage)
    steps = 44
    for i in range(steps):
        y = edge + (1 - edge) * i / steps
        brush.rect(
            -0.1,
            y,
            1.1,
            y + (1 - edge) / steps + 0.003,
            mix(mix(color, (255, 240, 220), 0.22), mix(color, (10, 6, 10), 0.55), (i / steps) ** 0.8),
        )
    for i in range(7):
        y = edge + 0.02 + i * 0.05 * (1 + i * 0.3)
        brush.line([(0, y), (0.5, y + 0.004), (1, y)], mix(color, (0, 0, 0), 0.14), 0.004)
    brush.rect(-0.1, edge, 1.1, edge + 0.005, mix(color, (255, 246, 230), 0.5))
    rgba = brush.rgba()
    colors = tinted(rgba[..., :3], indoor(stage))
    glow(colors, 0.5, edge + 0.06, 0.62, LAMP, 0.36, 0.32)
    return Layer(colors, np.ascontiguousarray(rgba[..., 3]), 0.95)


def floor_for(shape: tuple[int, ...], time: str, setting: str) -> Layer:
    """The floor of a set whose table is left out, because somebody stands there."""
    tones: dict[str, Color] = {"kitchen": (176, 150, 122), "library": (122, 80, 56), "office": (112, 116, 128)}
    return room(Stage(shape[1], shape[0], time, random.Random(setting)), (0, 0, 0), tones[setting])[1]


def table_for(shape: tuple[int, ...], time: str, setting: str) -> Layer:
    """A table-top in front of a set that has none, in a wood or stone that suits it."""
    tones: dict[str, Color] = {
        "market": (122, 78, 54),
        "gaming": (58, 44, 84),
        "stage": (74, 42, 60),
        "gym": (74, 78, 90),
        "space": (92, 94, 118),
    }
    return table(Stage(shape[1], shape[0], time, random.Random(setting)), tones.get(setting, (156, 108, 74)))
