"""Settings in nature. Each painter gives its planes from far to near; the ground carries the subject."""

import numpy as np

from .paint import (
    HORIZON,
    Brush,
    Color,
    Layer,
    Stage,
    glow,
    gradient,
    mix,
    over,
    plane,
    ridge,
    sky,
    tinted,
)
from .terrain import ground, sun, tinted_rgba


def beach(stage: Stage) -> list[Layer]:
    """Sea, sun path and sand, palms at one side."""
    back = sky(stage)
    side = stage.rng.choice([0.3, 0.68])
    sun(stage, back, side, HORIZON - 0.10)
    sea = mix(
        {"day": (22, 118, 150), "dawn": (104, 108, 150), "sunset": (104, 66, 112), "night": (16, 28, 66)}[stage.time],
        (0, 0, 0),
        0.05,
    )
    brush = Brush(stage)
    for i in range(40):
        y = HORIZON - 0.03 + 0.10 * i / 40
        brush.rect(0, y, 1, y + 0.004, mix(stage.light.sky[2], sea, min(1.0, 0.35 + i / 28)))
    for _ in range(70):
        y = HORIZON - 0.028 + 0.098 * stage.rng.random() ** 1.3
        wide, x = stage.rng.uniform(0.01, 0.05), stage.rng.gauss(side, 0.03 + (y - HORIZON + 0.03) * 1.2)
        brush.rect(x, y, x + wide, y + 0.0022, mix(stage.light.rim, (255, 255, 255), 0.3))
    back = over(back, brush.rgba())
    sand = ground(stage, (150, 118, 90), (226, 200, 158), HORIZON + 0.06)
    shore = (
        [(0.0, 0.545)]
        + [(i / 20, 0.538 + 0.010 * np.sin(i * 0.9 + side * 9)) for i in range(21)]
        + [(1.0, 0.50), (0.0, 0.50)]
    )
    sand.poly(shore, mix(sea, (210, 226, 230), 0.30))
    sand.line(shore[1:22], (240, 240, 236), 0.012)
    palms = Brush(stage)
    _palm(palms, 0.17 if side > 0.5 else 0.83, 0.575, 0.31, 0.05 if side > 0.5 else -0.05)
    return [
        Layer(back, None, 0.3),
        plane(sand.rgba(), 0.9, stage.light.tint),
        plane(palms.rgba(), 1.15, (stage.light.tint[0] * 0.6, stage.light.tint[1] * 0.6, stage.light.tint[2] * 0.62)),
    ]


def _palm(brush: Brush, x: float, foot: float, tall: float, lean: float) -> None:
    trunk = [(x + lean * (i / 10) ** 2, foot - tall * i / 10) for i in range(11)]
    brush.line(trunk, (74, 54, 46), 0.026)
    cx, cy = trunk[-1]
    for i in range(9):
        angle = np.pi * (0.02 + i / 8.3) + 0.1
        reach = 0.19
        tip = (cx + np.cos(angle) * reach, cy - np.sin(angle) * 0.07 + 0.045)
        knee = (cx + np.cos(angle) * reach * 0.55, cy - np.sin(angle) * 0.075 - 0.014)
        brush.poly(
            [(cx, cy - 0.004), (knee[0], knee[1] - 0.008), tip, (knee[0], knee[1] + 0.012), (cx, cy + 0.008)],
            (44, 84, 58),
        )


def mountain(stage: Stage) -> list[Layer]:
    """Snowy ridges behind ridges, alpine ground."""
    back = sky(stage)
    sun(stage, back, 0.26, 0.15)
    rock: Color = (112, 122, 148)
    far = Brush(stage)
    far.poly(ridge(stage, HORIZON + 0.01, 0.17, 6), mix(rock, stage.light.sky[2], 0.6))
    back = over(back, far.rgba())
    peaks, snow = Brush(stage), Brush(stage)
    for x, tall, wide in ((0.22, 0.26, 0.34), (0.80, 0.22, 0.30), (0.52, 0.34, 0.36)):
        _peak(peaks, snow, stage, x, HORIZON + 0.03, wide, tall, rock)
    peak = over(np.zeros((stage.h, stage.w, 3), np.uint8), peaks.rgba())
    peak = over(peak, snow.rgba())
    grass = ground(stage, (62, 74, 60), (122, 134, 106), HORIZON + 0.02)
    grass.poly(ridge(stage, HORIZON + 0.035, 0.035, 6, 0.6), (104, 118, 92))
    for _ in range(26):
        grass.disc(
            stage.rng.random(), stage.rng.uniform(0.53, 0.62), stage.rng.uniform(0.006, 0.02), (112, 114, 116), 0.6
        )
    return [
        Layer(back, None, 0.2),
        Layer(tinted(peak, stage.light.tint), np.ascontiguousarray(peaks.rgba()[..., 3]), 0.5),
        plane(grass.rgba(), 0.95, stage.light.tint),
    ]


def _peak(
    rocks: Brush, snow: Brush, stage: Stage, x: float, base: float, wide: float, tall: float, rock: Color
) -> None:
    top, rng = base - tall, stage.rng
    spine = [(x, top)] + [(x + rng.uniform(-0.03, 0.04) * i, top + tall * i / 5) for i in range(1, 6)]
    rocks.poly(
        [
            (x - wide, base),
            (x - wide * 0.42, base - tall * 0.5),
            (x, top),
            (x + wide * 0.4, base - tall * 0.55),
            (x + wide, base),
        ],
        rock,
    )
    rocks.poly([*spine, (x + wide, base), (x + wide * 0.4, base - tall * 0.55)], mix(rock, (20, 24, 50), 0.35))
    zig = [
        (x - wide * 0.27, top + tall * 0.36),
        (x - wide * 0.15, top + tall * 0.29),
        (x - wide * 0.06, top + tall * 0.42),
    ]
    zag = [
        (x + wide * 0.07, top + tall * 0.28),
        (x + wide * 0.17, top + tall * 0.38),
        (x + wide * 0.26, top + tall * 0.33),
    ]
    snow.poly([(x, top), *zig, *zag], (236, 240, 248))
    snow.poly([(x, top), spine[1], *zag], (190, 202, 228))


def snow(stage: Stage) -> list[Layer]:
    """Soft white hills and firs."""
    back = sky(stage)
    sun(stage, back, 0.7, 0.2)
    far = Brush(stage)
    far.poly(ridge(stage, HORIZON, 0.10, 5), mix((196, 210, 232), stage.light.sky[2], 0.45))
    mid = Brush(stage)
    for i in range(15):
        _fir(mid, stage.rng.uniform(-0.02, 1.02), HORIZON + 0.035 + 0.02 * (i % 3), stage.rng.uniform(0.10, 0.20), True)
    floor = ground(stage, (168, 184, 214), (232, 238, 248), HORIZON + 0.03)
    floor.poly(ridge(stage, HORIZON + 0.05, 0.03, 4), (224, 232, 246))
    return [
        Layer(over(back, tinted_rgba(far.rgba(), stage.light.tint)), None, 0.25),
        plane(mid.rgba(), 0.65, stage.light.tint),
        plane(floor.rgba(), 0.95, (stage.light.tint[0] * 0.93, stage.light.tint[1] * 0.93, stage.light.tint[2] * 0.95)),
    ]


def _fir(brush: Brush, x: float, foot: float, tall: float, snowy: bool, leaf: Color = (44, 82, 78)) -> None:
    brush.rect(x - 0.006, foot - tall * 0.12, x + 0.006, foot, (70, 52, 44))
    for i in range(4):
        top, low, wide = foot - tall * (1 - i * 0.19), foot - tall * (0.66 - i * 0.19), tall * (0.16 + 0.085 * i)
        brush.poly([(x, top), (x - wide, low), (x + wide, low)], leaf)
        brush.poly([(x, top), (x + wide * 0.25, low), (x + wide, low)], mix(leaf, (0, 0, 0), 0.22))
        if snowy:
            brush.poly(
                [
                    (x, top),
                    (x - wide * 0.55, (top + low) / 2 + 0.008),
                    (x - wide * 0.1, (top + low) / 2),
                    (x + wide * 0.4, (top + low) / 2 + 0.004),
                ],
                (228, 236, 246),
            )


def forest(stage: Stage) -> list[Layer]:
    """Trunks and firs in depth, shafts of light."""
    leaf = mix((150, 178, 130), stage.light.sky[2], 0.4)
    back = gradient(stage, [(0, mix(leaf, (20, 40, 40), 0.55)), (HORIZON, leaf), (1, (60, 70, 54))])
    back = tinted(back, stage.light.tint)
    for depth, count in ((0.55, 13), (0.3, 9)):
        brush = Brush(stage)
        for _ in range(count):
            _fir(
                brush,
                stage.rng.random(),
                HORIZON + 0.04,
                stage.rng.uniform(0.28, 0.5),
                False,
                mix((34, 66, 54), leaf, depth),
            )
        back = over(back, tinted_rgba(brush.rgba(), stage.light.tint))
    glow(back, 0.58, 0.26, 0.75, stage.light.rim, 0.42)
    near = Brush(stage)
    for x in (0.04, 0.17, 0.86, 0.98):
        x += stage.rng.uniform(-0.02, 0.02)
        near.poly([(x - 0.03, 0), (x + 0.03, 0), (x + 0.042, 0.57), (x - 0.045, 0.57)], (58, 44, 40))
        near.poly([(x + 0.006, 0), (x + 0.03, 0), (x + 0.042, 0.57), (x + 0.01, 0.57)], (40, 30, 30))
    floor = ground(stage, (44, 46, 34), (98, 102, 66), HORIZON + 0.03)
    for _ in range(90):
        x, y = stage.rng.random(), stage.rng.uniform(0.51, 0.66)
        floor.poly(
            [(x - 0.008, y), (x, y - 0.03 * y), (x + 0.006, y)], mix((70, 92, 52), (120, 130, 70), stage.rng.random())
        )
    return [
        Layer(back, None, 0.35),
        plane(floor.rgba(), 0.95, stage.light.tint),
        plane(near.rgba(), 1.1, stage.light.tint),
    ]


def meadow(stage: Stage) -> list[Layer]:
    """Hills, round trees and grass."""
    back = sky(stage)
    sun(stage, back, 0.74, 0.14)
    hills = Brush(stage)
    hills.poly(ridge(stage, HORIZON, 0.11, 4), mix((104, 148, 120), stage.light.sky[2], 0.5))
    hills.poly(ridge(stage, HORIZON + 0.02, 0.07, 4), (96, 150, 92))
    trees = Brush(stage)
    for i in range(7):
        x, foot = (i + stage.rng.uniform(0.1, 0.9)) / 7, HORIZON + stage.rng.uniform(0.01, 0.045)
        tall = stage.rng.uniform(0.06, 0.12)
        trees.rect(x - 0.008, foot - tall, x + 0.008, foot, (92, 66, 50))
        for dx, dy, r in ((-0.03, 0, 0.06), (0.03, 0.005, 0.055), (0, -0.03, 0.065)):
            trees.disc(x + dx, foot - tall + dy, r, (58, 118, 72))
        trees.disc(x - 0.015, foot - tall - 0.03, 0.04, (88, 150, 84))
    grass = ground(stage, (44, 86, 50), (126, 174, 88), HORIZON + 0.03)
    for _ in range(140):
        x, y = stage.rng.random(), stage.rng.uniform(0.51, 0.7)
        grass.poly(
            [(x - 0.006, y), (x + 0.002, y - 0.028 * y), (x + 0.006, y)],
            mix((66, 122, 58), (156, 196, 96), stage.rng.random()),
        )
    return [
        Layer(over(back, tinted_rgba(hills.rgba(), stage.light.tint)), None, 0.25),
        plane(trees.rgba(), 0.65, stage.light.tint),
        plane(grass.rgba(), 0.95, stage.light.tint),
    ]
