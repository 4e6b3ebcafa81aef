"""Settings of stories: cinema, castle, harbour, a haunted house, a world of blocks."""

import numpy as np

from .paint import HORIZON, Brush, Color, Layer, Stage, glow, gradient, lit, mix, over, plane, ridge, sky, tinted
from .terrain import ground, sun, tinted_rgba


def cinema(stage: Stage) -> list[Layer]:
    """A screen between curtains, the beam of the projector, heads in the first rows."""
    tone = stage.rng.choice([(60, 92, 150), (150, 96, 60), (96, 70, 140), (50, 120, 116)])
    back = gradient(stage, [(0, (14, 10, 18)), (HORIZON, (44, 22, 30)), (1, (14, 8, 12))])
    brush, light = Brush(stage), Brush(stage)
    brush.rect(0.06, 0.075, 0.94, 0.425, (10, 10, 14), 0.008)
    for side in (0, 1):
        for i in range(5):
            left = i * 0.022 if not side else 1 - (i + 1) * 0.022
            brush.rect(left, 0, left + 0.023, HORIZON + 0.04, mix((132, 26, 40), (58, 10, 22), (i % 2) * 0.8))
    rows = 30
    for i in range(rows):
        y0, y1 = 0.09 + 0.32 * i / rows, 0.09 + 0.32 * (i + 1) / rows
        light.rect(0.085, y0, 0.915, y1 + 0.002, mix(mix(tone, (255, 255, 255), 0.35), tone, i / rows))
    light.poly([*ridge(stage, 0.36, 0.10, 4)[1:-1], (0.915, 0.41), (0.085, 0.41)], mix(tone, (0, 0, 0), 0.45))
    back = lit(over(back, brush.rgba()), _cut(light.rgba(), stage, 0.085, 0.09, 0.915, 0.41), 0.09)
    floor = ground(stage, (20, 10, 16), (74, 34, 42), HORIZON + 0.03).rgba()
    colors = np.ascontiguousarray(floor[..., :3])
    glow(colors, 0.5, 0.52, 0.7, mix(tone, (255, 255, 255), 0.3), 0.45, 0.35)
    return [Layer(back, None, 0.6), Layer(colors, np.ascontiguousarray(floor[..., 3]), 0.95)]


def _cut(rgba: np.ndarray, stage: Stage, x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """The drawing inside a rectangle, nothing outside."""
    cut = np.zeros_like(rgba)
    rows, columns = slice(int(y0 * stage.h), int(y1 * stage.h)), slice(int(x0 * stage.w), int(x1 * stage.w))
    cut[rows, columns] = rgba[rows, columns]
    return cut


def castle(stage: Stage) -> list[Layer]:
    """Towers with banners on a hill, torn sky, stone underfoot."""
    back, rng = sky(stage), stage.rng
    sun(stage, back, rng.choice([0.24, 0.76]), 0.22)
    hills = Brush(stage)
    hills.poly(ridge(stage, HORIZON + 0.01, 0.16, 6), mix((92, 96, 120), stage.light.sky[2], 0.55))
    back = over(back, tinted_rgba(hills.rgba(), stage.light.tint))
    brush, lamps = Brush(stage), Brush(stage)
    stone: Color = (134, 126, 140)
    brush.poly(ridge(stage, HORIZON + 0.035, 0.05, 4), (84, 92, 84))
    for x, wide, top in ((0.30, 0.40, 0.30), (0.24, 0.11, 0.17), (0.65, 0.11, 0.20), (0.43, 0.14, 0.11)):
        _keep(brush, x, wide, top, HORIZON + 0.02, stone)
    for x, y in ((0.285, 0.22), (0.70, 0.25), (0.49, 0.17), (0.52, 0.24), (0.38, 0.37), (0.60, 0.36)):
        brush.rect(x, y, x + 0.018, y + 0.026, (40, 34, 52), 0.008)
        lamps.rect(x, y, x + 0.018, y + 0.026, (230, 150, 60), 0.008)
    brush.rect(0.455, 0.405, 0.545, HORIZON + 0.02, (46, 38, 48), 0.045)
    for x, top in ((0.295, 0.10), (0.705, 0.13), (0.50, 0.04)):
        brush.line([(x, top), (x, top + 0.075)], (70, 60, 62), 0.006)
        brush.poly([(x, top), (x + 0.075, top + 0.014), (x, top + 0.03)], (196, 52, 60))
    rgba = brush.rgba()
    colors = tinted(rgba[..., :3], stage.light.tint)
    colors = lit(colors, lamps.rgba(), 0.03) if stage.time in ("night", "sunset") else colors
    floor = ground(stage, (58, 54, 64), (140, 128, 124), HORIZON + 0.03)
    for row in range(9):
        y, tall = 0.51 + 0.016 * row * (1 + 0.28 * row), 0.012 * (1 + 0.5 * row)
        for i in range(9):
            x = (i + 0.5 * (row % 2)) / 8 - 0.06
            floor.rect(x, y, x + 0.115, y + tall, mix((122, 112, 112), (92, 84, 92), rng.random()), 0.01)
    return [
        Layer(back, None, 0.2),
        Layer(colors, np.ascontiguousarray(rgba[..., 3]), 0.5),
        plane(floor.rgba(), 0.95, stage.light.tint),
    ]


def _keep(brush: Brush, x: float, wide: float, top: float, foot: float, stone: Color) -> None:
    brush.rect(x, top, x + wide, foot, stone)
    brush.rect(x + wide * 0.68, top, x + wide, foot, mix(stone, (30, 24, 50), 0.28))
    count = max(3, round(wide / 0.035))
    for i in range(count):
        left = x + (i + 0.15) * wide / count
        brush.rect(left, top - 0.018, left + wide / count * 0.62, top + 0.002, mix(stone, (255, 255, 255), 0.08))


def harbour(stage: Stage) -> list[Layer]:
    """A tall ship at anchor, the sea, the planks of a pier."""
    back, rng = sky(stage), stage.rng
    side = rng.choice([0.26, 0.74])
    sun(stage, back, 1 - side, HORIZON - 0.13)
    sea = {"day": (24, 104, 146), "dawn": (98, 104, 148), "sunset": (92, 62, 112), "night": (14, 26, 62)}[stage.time]
    water = Brush(stage)
    for i in range(40):
        y = HORIZON - 0.05 + 0.12 * i / 40
        water.rect(0, y, 1, y + 0.0045, mix(stage.light.sky[2], sea, min(1.0, 0.3 + i / 26)))
    for _ in range(60):
        y = HORIZON - 0.045 + 0.11 * rng.random() ** 1.4
        x, wide = rng.gauss(1 - side, 0.06 + (y - HORIZON + 0.05)), rng.uniform(0.01, 0.05)
        water.rect(x, y, x + wide, y + 0.0022, mix(stage.light.rim, (255, 255, 255), 0.3))
    back = over(back, water.rgba())
    ship, x, deck = Brush(stage), side, HORIZON - 0.02
    hull = [(x - 0.26, deck - 0.02), (x + 0.27, deck - 0.035), (x + 0.20, deck + 0.05), (x - 0.19, deck + 0.05)]
    ship.poly(hull, (104, 66, 46))
    ship.poly(
        [(x - 0.245, deck), (x + 0.25, deck - 0.012), (x + 0.235, deck + 0.004), (x - 0.235, deck + 0.014)],
        (198, 150, 80),
    )
    for mast, tall, wide in ((-0.13, 0.24, 0.10), (0.02, 0.31, 0.13), (0.16, 0.22, 0.09)):
        ship.line([(x + mast, deck), (x + mast, deck - tall)], (72, 50, 40), 0.010)
        for k in range(2):
            top, low = deck - tall * (0.92 - 0.44 * k), deck - tall * (0.54 - 0.42 * k)
            spread, belly = wide * (0.78 + 0.22 * k), wide * (0.95 + 0.2 * k)
            ship.poly(
                [
                    (x + mast - spread, top),
                    (x + mast + spread, top),
                    (x + mast + belly, low),
                    (x + mast, low - 0.012),
                    (x + mast - belly, low),
                ],
                (232, 222, 200),
            )
    ship.poly([(x + 0.02, deck - 0.345), (x + 0.10, deck - 0.332), (x + 0.02, deck - 0.312)], (30, 28, 34))
    pier = ground(stage, (78, 54, 44), (186, 142, 104), HORIZON + 0.05)
    for i in range(11):
        y = HORIZON + 0.05 + 0.012 * i * (1 + 0.3 * i)
        pier.line([(0, y), (1, y)], (96, 68, 54), 0.006)
    for post in (0.03, 0.97):
        pier.rect(post - 0.03, 0.44, post + 0.03, 0.62, (110, 78, 58), 0.01)
        pier.disc(post, 0.442, 0.034, (140, 104, 78), 0.35)
    return [
        Layer(back, None, 0.25),
        plane(ship.rgba(), 0.45, stage.light.tint),
        plane(pier.rgba(), 0.95, stage.light.tint),
    ]


def haunted(stage: Stage) -> list[Layer]:
    """A crooked house on a hill before a huge moon, bare trees, gravestones, fog."""
    rng = stage.rng
    back = gradient(stage, [(0, (10, 12, 28)), (0.25, (28, 32, 62)), (HORIZON, (84, 84, 112)), (1, (20, 22, 36))])
    glow(back, 0.62, 0.20, 0.75, (190, 200, 240), 0.55)
    moon = Brush(stage)
    moon.disc(0.62, 0.20, 0.17, (222, 222, 208))
    moon.disc(0.58, 0.185, 0.03, (200, 202, 196))
    moon.disc(0.68, 0.23, 0.045, (204, 206, 198))
    back = over(back, moon.rgba())
    hill, lamps, dark = Brush(stage), Brush(stage), (24, 24, 42)
    hill.poly([(0, 0.46), (0.3, 0.40), (0.55, 0.375), (0.8, 0.41), (1, 0.45), (1, 0.6), (0, 0.6)], (34, 36, 56))
    hill.poly([(0.40, 0.40), (0.41, 0.25), (0.66, 0.25), (0.67, 0.40)], dark)
    hill.poly([(0.37, 0.26), (0.50, 0.15), (0.69, 0.255)], (18, 18, 34))
    hill.poly([(0.63, 0.40), (0.62, 0.19), (0.75, 0.185), (0.76, 0.40)], dark)
    hill.poly([(0.60, 0.195), (0.69, 0.09), (0.78, 0.19)], (18, 18, 34))
    for x, y in ((0.46, 0.285), (0.55, 0.285), (0.67, 0.235), (0.67, 0.31), (0.46, 0.345)):
        lamps.rect(x, y, x + 0.042, y + 0.034, (226, 170, 60), 0.004)
    for x, lean in ((0.10, 0.05), (0.93, -0.05)):
        _bare_tree(hill, x, 0.50, lean, 0.34, 4)
    floor = ground(stage, (16, 20, 26), (58, 66, 72), HORIZON + 0.03)
    for _ in range(6):
        x, y, r = rng.choice([rng.uniform(0.02, 0.3), rng.uniform(0.7, 0.98)]), rng.uniform(0.51, 0.56), 0.034
        floor.rect(x - r, y - 0.06, x + r, y, (92, 96, 110), 0.03)
        floor.rect(x - 0.012, y - 0.047, x + 0.012, y - 0.044, (60, 64, 78))
        floor.rect(x - 0.003, y - 0.054, x + 0.003, y - 0.032, (60, 64, 78))
    rgba, colors = hill.rgba(), floor.rgba()
    land = np.ascontiguousarray(colors[..., :3])
    for x in (0.2, 0.8):
        glow(land, x, 0.53, 0.6, (150, 170, 190), 0.4, 0.18)
    return [
        Layer(back, None, 0.2),
        Layer(lit(rgba[..., :3], lamps.rgba(), 0.03), np.ascontiguousarray(rgba[..., 3]), 0.5),
        Layer(land, np.ascontiguousarray(colors[..., 3]), 0.95),
    ]


def _bare_tree(brush: Brush, x: float, y: float, lean: float, tall: float, depth: int) -> None:
    tip = (x + lean, y - tall * 0.5)
    brush.line([(x, y), tip], (16, 16, 28), 0.007 * depth)
    if depth > 1:
        for turn in (-0.10, 0.09):
            _bare_tree(brush, tip[0], tip[1], lean * 0.5 + turn * (0.4 + 0.15 * depth), tall * 0.62, depth - 1)


def blocks(stage: Stage) -> list[Layer]:
    """A world of cubes: block hills and trees, a square sun, ground in tiles."""
    rng, cell = stage.rng, 1 / 14
    rise = cell * stage.w / stage.h
    top, middle, low = stage.light.sky
    back = gradient(stage, [(0, top), (HORIZON * 0.6, middle), (HORIZON * 1.05, low), (1, low)])
    far = Brush(stage)
    far.rect(0.74, 0.10, 0.74 + 2 * cell, 0.10 + 2 * rise, mix(stage.light.rim, (255, 250, 220), 0.5))
    for _ in range(5):
        x, y = round(rng.random() / cell) * cell, rng.uniform(0.05, 0.26)
        far.rect(x, y, x + rng.choice([2, 3]) * cell, y + rise * 0.5, mix(middle, (255, 255, 255), 0.45))
    height = 3
    for i in range(15):
        height = min(6, max(1, height + rng.choice([-1, 0, 0, 1])))
        _cubes(far, i * cell, HORIZON + 0.04, height, cell, rise, mix((104, 140, 112), low, 0.45), None)
    back = over(back, tinted_rgba(far.rgba(), stage.light.tint))
    near, count = Brush(stage), 1
    for i in range(15):
        count = min(3, max(1, count + rng.choice([-1, 0, 1])))
        _cubes(near, i * cell, HORIZON + 0.05, count, cell, rise, (128, 92, 64), (104, 168, 76))
    for i in (1, 11):
        foot = HORIZON + 0.05 - 2 * rise
        _cubes(near, (i + 1) * cell, foot + rise, 4, cell, rise, (104, 76, 52), None)
        for row, wide in ((3, 3), (4, 3), (5, 1)):
            for k in range(wide):
                left = (i + 1 - wide // 2 + k) * cell
                _cubes(
                    near,
                    left,
                    foot - (row - 1) * rise,
                    1,
                    cell,
                    rise,
                    mix((64, 128, 62), (86, 152, 70), rng.random()),
                    None,
                )
    floor = ground(stage, (52, 96, 48), (110, 170, 80), HORIZON + 0.035)
    for row in range(10):
        y = HORIZON + 0.035 + 0.016 * row * (1 + 0.25 * row)
        y1 = HORIZON + 0.035 + 0.016 * (row + 1) * (1 + 0.25 * (row + 1))
        for i in range(-7, 8):
            a, b = 0.5 + i * 0.09 * (1 + 0.16 * row), 0.5 + (i + 1) * 0.09 * (1 + 0.16 * row)
            if rng.random() < 0.45:
                floor.rect(a, y, b, y1, mix((92, 152, 66), (120, 180, 86), rng.random()))
    return [
        Layer(back, None, 0.25),
        plane(near.rgba(), 0.65, stage.light.tint),
        plane(floor.rgba(), 0.95, stage.light.tint),
    ]


def _cubes(
    brush: Brush, x: float, foot: float, count: int, cell: float, rise: float, body: Color, cap: Color | None
) -> None:
    for k in range(count):
        y, tone = foot - (k + 1) * rise, mix(body, (0, 0, 0), 0.05 * ((k + round(x / cell)) % 3))
        brush.rect(x, y, x + cell, y + rise, tone)
        brush.rect(x + cell * 0.55, y + rise * 0.3, x + cell * 0.8, y + rise * 0.55, mix(tone, (0, 0, 0), 0.12))
        brush.rect(x + cell * 0.15, y + rise * 0.6, x + cell * 0.35, y + rise * 0.8, mix(tone, (255, 255, 255), 0.10))
    if cap:
        brush.rect(x, foot - count * rise, x + cell, foot - (count - 0.35) * rise, cap)
