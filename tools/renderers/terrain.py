"""What every set under the sky shares: the floor, the sun and the moon."""

import numpy as np

from .paint import (
    HORIZON,
    Brush,
    Color,
    Stage,
    glow,
    mix,
    over,
    tinted,
)

WARM: Color = (255, 196, 110)


def ground(stage: Stage, near: Color, far: Color, horizon: float = HORIZON) -> Brush:
    """A brush that holds the floor from the horizon to the bottom."""
    brush = Brush(stage)
    steps = 60
    for i in range(steps):
        y = horizon + (1 - horizon) * i / steps
        brush.rect(0, y, 1, y + (1 - horizon) / steps + 0.002, mix(far, near, (i / steps) ** 0.7))
    return brush


def sun(stage: Stage, image: np.ndarray, x: float, y: float) -> None:
    """Sun or moon in place, by time of day."""
    if stage.night:
        glow(image, x, y, 0.30, (120, 140, 220), 0.5)
        image[:] = over(image, _moon(stage, x, y))
    else:
        color: Color = {"day": (255, 246, 214), "dawn": (255, 220, 180), "sunset": (255, 214, 130)}[stage.time]
        glow(image, x, y, 0.62, color, 0.5)
        glow(image, x, y, 0.12, color, 1.2)


def _moon(stage: Stage, x: float, y: float) -> np.ndarray:
    brush = Brush(stage)
    brush.disc(x, y, 0.055, (226, 230, 240))
    brush.disc(x - 0.012, y - 0.006, 0.012, (202, 208, 224))
    brush.disc(x + 0.02, y + 0.009, 0.016, (206, 212, 228))
    return brush.rgba()


def tinted_rgba(rgba: np.ndarray, tint: tuple[float, float, float]) -> np.ndarray:
    """A drawing under a tint, its alpha kept."""
    return np.dstack([tinted(rgba[..., :3], tint), rgba[..., 3]])
