"""Settings that people built outdoors. Each painter gives its planes from far to near; the ground bears the subject."""

import random

import numpy as np

from .paint import (
    HORIZON,
    Brush,
    Color,
    Layer,
    Stage,
    glow,
    gradient,
    lit,
    mix,
    over,
    sky,
    tinted,
)
from .terrain import WARM, ground, sun, tinted_rgba


def skyline(stage: Stage, base: float, low: float, high: float, wall: Color, count: int, lamps: Brush | None) -> Brush:
    """A row of towers; `lamps` gets their lit windows."""
    brush, x, rng = Brush(stage), -0.02, stage.rng
    while x < 1:
        width, top = rng.uniform(0.7, 1.5) / count, base - rng.uniform(low, high)
        shade = mix(wall, (255, 255, 255), rng.uniform(0, 0.07))
        brush.rect(x, top, x + width, 1, shade)
        brush.rect(x + width * 0.8, top, x + width, 1, mix(shade, (0, 0, 0), 0.18))
        if rng.random() < 0.35:
            brush.rect(x + width * 0.45, top - 0.03, x + width * 0.5, top, shade)
        _windows(brush, lamps, stage, x, top, width, base, shade)
        x += width * rng.uniform(0.92, 1.06)
    return brush


def _windows(
    brush: Brush, lamps: Brush | None, stage: Stage, x: float, top: float, width: float, base: float, wall: Color
) -> None:
    rng, columns, step = stage.rng, 4, 0.022
    for row in range(int((base - top) / step)):
        for column in range(columns):
            wx, wy = x + width * (0.1 + 0.21 * column), top + 0.012 + row * step
            box = (wx, wy, wx + width * 0.13, wy + step * 0.5)
            if lamps is not None and rng.random() < 0.34:
                lamps.rect(*box, rng.choice([(255, 206, 130), (255, 186, 96), (190, 216, 255), (236, 160, 110)]))
            else:
                brush.rect(*box, mix(wall, (10, 16, 34), 0.45))


def city(stage: Stage) -> list[Layer]:
    """Towers behind towers over an avenue."""
    back, lamps = sky(stage), Brush(stage) if stage.night else None
    sun(stage, back, 0.72, 0.16)
    haze = mix(stage.light.sky[2], (70, 80, 120), 0.35)
    far = skyline(stage, HORIZON, 0.10, 0.34, haze, 11, None).rgba()
    back = over(back, far)
    near = skyline(stage, HORIZON, 0.05, 0.26, (84, 92, 122), 7, lamps)
    rgba = near.rgba()
    colors = tinted(rgba[..., :3], stage.light.tint)
    if lamps is not None:
        colors = lit(colors, lamps.rgba())
    return [Layer(back, None, 0.25), Layer(colors, np.ascontiguousarray(rgba[..., 3]), 0.55), _road(stage)]


def _road(stage: Stage) -> Layer:
    brush = ground(stage, (52, 54, 66), (92, 94, 106), HORIZON + 0.015)
    brush.poly([(0, 0.60), (0.34, HORIZON + 0.015), (0, HORIZON + 0.015)], (126, 122, 120))
    brush.poly([(1, 0.60), (0.66, HORIZON + 0.015), (1, HORIZON + 0.015)], (126, 122, 120))
    for i in range(9):
        near, gap = HORIZON + 0.03 + 0.52 * (i / 9) ** 1.7, 0.012 + 0.05 * i / 9
        wide = 0.004 + 0.020 * i / 9
        brush.poly(
            [(0.5 - wide, near + gap), (0.5 - wide * 0.8, near), (0.5 + wide * 0.8, near), (0.5 + wide, near + gap)],
            (222, 206, 150),
        )
    rgba = brush.rgba()
    colors = tinted(rgba[..., :3], stage.light.tint)
    if stage.night:
        for x, color in ((0.2, (255, 90, 160)), (0.5, WARM), (0.82, (90, 170, 255))):
            glow(colors, x, 0.60, 0.34, color, 0.34, 0.6)
    else:
        glow(colors, 0.5, 0.56, 0.6, stage.light.rim, 0.22, 0.4)
    return Layer(colors, np.ascontiguousarray(rgba[..., 3]), 0.95)


def side_road(shape: tuple[int, ...], time: str) -> Layer:
    """A road seen from its side, for those who travel along it."""
    stage = Stage(shape[1], shape[0], time, random.Random(0))
    brush = ground(stage, (52, 54, 66), (92, 94, 106), HORIZON + 0.015)
    brush.rect(0, HORIZON + 0.015, 1, HORIZON + 0.04, (132, 128, 126))
    brush.rect(0, HORIZON + 0.04, 1, HORIZON + 0.048, (168, 162, 156))
    for i in range(4):
        brush.rect(i / 4 + 0.05, 0.87, i / 4 + 0.20, 0.89, (222, 206, 150))
    rgba = brush.rgba()
    colors = tinted(rgba[..., :3], stage.light.tint)
    glow(colors, 0.5, 0.58, 0.7, WARM if stage.night else stage.light.rim, 0.26, 0.4)
    return Layer(colors, np.ascontiguousarray(rgba[..., 3]), 0.95)


def street(stage: Stage) -> list[Layer]:
    """House fronts with shops on both sides of a road."""
    back, lamps, rng = sky(stage), Brush(stage), stage.rng
    sun(stage, back, 0.5, 0.20)
    fronts = Brush(stage)
    walls = [(196, 120, 96), (214, 178, 128), (136, 156, 170), (222, 206, 186), (160, 104, 110), (120, 140, 124)]
    rng.shuffle(walls)
    for side in (0, 1):
        edges = [0.0, 0.2, 0.33, 0.41]
        for i in range(3):
            _front(
                fronts, lamps, side, edges[i], edges[i + 1], 0.34 - 0.08 * i, walls[i + 3 * side], rng.random() < 0.6
            )
    rgba = fronts.rgba()
    colors = tinted(rgba[..., :3], stage.light.tint)
    if stage.night or stage.time == "sunset":
        colors = lit(colors, lamps.rgba())
    glow(colors, 0.5, HORIZON, 0.5, stage.light.sky[2], 0.5)
    return [Layer(back, None, 0.2), Layer(colors, np.ascontiguousarray(rgba[..., 3]), 0.7), _road(stage)]


def _front(
    fronts: Brush, lamps: Brush, side: int, near: float, far: float, tall: float, wall: Color, lit_up: bool
) -> None:
    def at(x: float) -> float:
        return 1 - x if side else x

    slope = 0.09 * (far - near) / 0.2
    top, foot = HORIZON - tall, HORIZON + 0.075 - near * 0.16
    quad = [(at(near), top - slope * 0.4), (at(far), top + slope), (at(far), foot - slope * 0.4), (at(near), foot)]
    fronts.poly(quad, wall)
    fronts.poly(
        [quad[0], quad[1], (at(far), top + slope + 0.012), (at(near), top - slope * 0.4 + 0.016)],
        mix(wall, (255, 255, 255), 0.3),
    )
    wide = (far - near) / 3.4
    for row in range(int(tall / 0.085)):
        for column in range(3):
            x = near + (far - near) * (0.1 + 0.3 * column)
            y = top + 0.045 + row * 0.085
            box = (min(at(x), at(x + wide * 0.7)), y, max(at(x), at(x + wide * 0.7)), y + 0.042)
            fronts.rect(*box, mix(wall, (24, 34, 58), 0.62))
            if lit_up and (row + column) % 2 == 0:
                lamps.rect(*box, (255, 198, 118))
    awning = mix((212, 70, 66), wall, 0.25)
    fronts.poly(
        [(at(near), foot - 0.085), (at(far), foot - 0.085), (at(far), foot - 0.062), (at(near), foot - 0.052)], awning
    )
    lamps.rect(min(at(near), at(far)), foot - 0.05, max(at(near), at(far)), foot - 0.012, (250, 176, 90))


def market(stage: Stage) -> list[Layer]:
    """Food stalls under lanterns and neon signs, warm against the night."""
    rng = stage.rng
    back = gradient(stage, [(0, (10, 10, 30)), (0.3, (38, 22, 56)), (HORIZON, (96, 52, 66)), (1, (40, 26, 40))])
    signs = Brush(stage)
    back = over(back, tinted_rgba(skyline(stage, HORIZON, 0.22, 0.42, (58, 52, 84), 6, signs).rgba(), (0.7, 0.6, 0.8)))
    for x in (0.10, 0.30, 0.68, 0.88):
        color = rng.choice([(255, 60, 120), (60, 220, 255), (255, 170, 60), (160, 90, 255)])
        tall = rng.uniform(0.07, 0.12)
        signs.rect(x, 0.16, x + 0.055, 0.16 + tall, mix(color, (0, 0, 0), 0.35), 0.008)
        for i in range(3):
            signs.rect(
                x + 0.014,
                0.17 + i * tall / 3.4,
                x + 0.041,
                0.17 + i * tall / 3.4 + tall / 5,
                mix(color, (255, 255, 255), 0.6),
                0.006,
            )
    back = lit(back, signs.rgba())
    stalls, lamps = Brush(stage), Brush(stage)
    for x, color in ((-0.04, (196, 62, 58)), (0.36, (222, 150, 64)), (0.74, (60, 128, 122))):
        _stall(stalls, lamps, x, color)
    for row, sag in ((0.235, 0.05), (0.285, 0.035)):
        for i in range(13):
            t = i / 12
            y = row + sag * 4 * t * (1 - t)
            lamps.disc(t, y, 0.011, (255, 214, 140))
            lamps.disc(t, y, 0.006, (255, 244, 214))
    rgba = stalls.rgba()
    mid = Layer(
        lit(tinted(rgba[..., :3], (0.62, 0.5, 0.55)), lamps.rgba(), 0.03),
        np.maximum(rgba[..., 3], lamps.rgba()[..., 3]),
        0.75,
    )
    floor = ground(stage, (34, 30, 44), (92, 66, 66), HORIZON + 0.03).rgba()
    colors = np.ascontiguousarray(floor[..., :3])
    for x, color in ((0.16, (255, 110, 90)), (0.5, WARM), (0.84, (90, 200, 190))):
        glow(colors, x, 0.60, 0.36, color, 0.42, 0.7)
    return [Layer(back, None, 0.4), mid, Layer(colors, np.ascontiguousarray(floor[..., 3]), 0.95)]


def _stall(stalls: Brush, lamps: Brush, x: float, color: Color) -> None:
    wide, top, foot = 0.32, 0.31, HORIZON + 0.05
    stalls.rect(x + 0.02, top + 0.04, x + wide - 0.02, foot, (98, 62, 54))
    lamps.rect(x + 0.035, top + 0.055, x + wide - 0.035, foot - 0.07, (206, 124, 62))
    for i in range(5):
        jar = x + 0.06 + i * 0.045
        stalls.rect(jar, foot - 0.095, jar + 0.026, foot - 0.065, mix(color, (255, 220, 160), i / 5), 0.005)
    stalls.rect(x, foot - 0.066, x + wide, foot - 0.05, (150, 98, 66))
    stalls.rect(x + 0.01, foot - 0.05, x + wide - 0.01, foot + 0.004, mix(color, (20, 16, 26), 0.45))
    for i in range(8):
        shade = color if i % 2 else mix(color, (255, 240, 220), 0.75)
        left, right = x - 0.01 + i * (wide + 0.02) / 8, x - 0.01 + (i + 1) * (wide + 0.02) / 8
        stalls.poly([(left + 0.012, top), (right + 0.012, top), (right, top + 0.055), (left, top + 0.055)], shade)
        stalls.disc((left + right) / 2, top + 0.055, 0.024, shade)


def stadium(stage: Stage) -> list[Layer]:
    """Stands full of people under floodlights, a striped pitch."""
    back, lamps, rng = sky(stage), Brush(stage), stage.rng
    stands = Brush(stage)
    stands.poly([(0, 0.24), (0.5, 0.29), (1, 0.24), (1, HORIZON + 0.03), (0, HORIZON + 0.03)], (58, 64, 92))
    for row in range(13):
        y = 0.27 + row * 0.0145
        for i in range(90):
            x = (i + rng.random()) / 90
            if y > 0.255 + 0.05 * (1 - abs(x - 0.5) * 2):
                tone = rng.choice([(206, 84, 84), (222, 222, 230), (82, 112, 190), (232, 190, 96), (120, 124, 146)])
                stands.disc(x, y, 0.0075, mix(tone, (40, 44, 70), 0.35))
    stands.rect(0, HORIZON - 0.005, 1, HORIZON + 0.03, (36, 62, 140))
    for x in (0.14, 0.5, 0.86):
        stands.rect(x - 0.006, 0.13, x + 0.006, 0.29, (96, 102, 124))
        for i in range(3):
            for j in range(2):
                lamps.disc(x - 0.03 + i * 0.03, 0.115 + j * 0.018, 0.012, (244, 248, 255))
    rgba = stands.rgba()
    tint = (0.72, 0.74, 0.9) if stage.night else stage.light.tint
    mid = lit(tinted(rgba[..., :3], tint), lamps.rgba(), 0.06)
    alpha = np.maximum(rgba[..., 3], lamps.rgba()[..., 3])
    grass = ground(stage, (26, 84, 44), (70, 146, 66), HORIZON + 0.028)
    for i in range(0, 12, 2):
        a, b = -1.2 + i * 0.29, -1.2 + (i + 1) * 0.29
        grass.poly(
            [
                (0.5 + (a - 0.4) * 0.3, HORIZON + 0.028),
                (0.5 + (b - 0.4) * 0.3, HORIZON + 0.028),
                (0.5 + (b - 0.4) * 1.3, 1),
                (0.5 + (a - 0.4) * 1.3, 1),
            ],
            (50, 122, 58),
        )
    grass.line([(0, 0.53), (1, 0.53)], (226, 236, 226), 0.008)
    floor = grass.rgba()
    colors = tinted(floor[..., :3], (0.85, 0.87, 0.92) if stage.night else stage.light.tint)
    glow(colors, 0.5, 0.56, 0.6, (230, 240, 255), 0.22, 0.4)
    return [Layer(back, None, 0.2), Layer(mid, alpha, 0.5), Layer(colors, np.ascontiguousarray(floor[..., 3]), 0.95)]
