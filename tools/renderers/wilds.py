"""Settings far from home: lava, wasteland, desert, space, the sea floor."""

import numpy as np

from .paint import (
    HORIZON,
    Brush,
    Color,
    Layer,
    Stage,
    cloud_map,
    glow,
    gradient,
    lit,
    mix,
    over,
    plane,
    ridge,
    sky,
    stars,
)
from .terrain import ground, sun, tinted_rgba


def volcano(stage: Stage) -> list[Layer]:
    """An erupting cone under a sky of ash, lava down its side."""
    back = gradient(stage, [(0, (16, 10, 22)), (0.25, (62, 22, 34)), (HORIZON, (186, 70, 40)), (1, (50, 20, 24))])
    smoke = cloud_map(stage, 5)
    shape = np.exp(
        -(
            (
                (np.linspace(0, 1, stage.w)[None] - 0.5)
                / (0.12 + 0.5 * np.clip(0.24 - np.linspace(0, 1, stage.h), 0, 1)[:, None] * 2)
            )
            ** 2
        )
    )
    rise = np.clip(1.25 - np.linspace(0, 1, stage.h) / 0.24, 0, 1)[:, None]
    amount = np.clip(smoke * 1.5 - 0.2, 0, 1) * shape * np.minimum(1, rise * 2.5)
    ash = np.stack([62 + 90 * smoke, 44 + 46 * smoke, 50 + 36 * smoke], axis=2)
    back = (back + (ash - back) * amount[..., None]).astype(np.uint8)
    cone, lava = Brush(stage), Brush(stage)
    cone.poly(
        [(0.02, HORIZON + 0.05), (0.30, 0.33), (0.43, 0.205), (0.57, 0.205), (0.70, 0.33), (0.98, HORIZON + 0.05)],
        (58, 40, 48),
    )
    cone.poly(
        [(0.52, 0.205), (0.57, 0.205), (0.70, 0.33), (0.98, HORIZON + 0.05), (0.62, HORIZON + 0.05), (0.55, 0.33)],
        (38, 26, 36),
    )
    lava.poly([(0.435, 0.205), (0.565, 0.205), (0.54, 0.22), (0.46, 0.222)], (255, 190, 80))
    for x, bend in ((0.47, -0.16), (0.5, 0.03), (0.54, 0.15)):
        points = [(x + bend * (i / 9) ** 1.4 + 0.012 * np.sin(i * 1.7), 0.21 + 0.30 * i / 9) for i in range(10)]
        lava.line(points, (240, 84, 26), 0.022)
        lava.line(points, (255, 196, 90), 0.008)
    for _ in range(26):
        angle, reach = stage.rng.uniform(0.2, 0.8) * np.pi, stage.rng.uniform(0.03, 0.17)
        lava.disc(
            0.5 + np.cos(angle) * reach,
            0.20 - np.sin(angle) * reach * 0.9,
            stage.rng.uniform(0.003, 0.008),
            (255, 150, 60),
        )
    cone_rgba = cone.rgba()
    mid = lit(cone_rgba[..., :3], lava.rgba(), 0.05)
    glow(back, 0.5, 0.19, 0.55, (255, 120, 40), 0.75)
    floor = ground(stage, (22, 14, 20), (72, 42, 40), HORIZON + 0.035).rgba()
    colors = np.ascontiguousarray(floor[..., :3])
    glow(colors, 0.5, 0.54, 0.6, (255, 96, 36), 0.5, 0.4)
    alpha = np.maximum(cone_rgba[..., 3], lava.rgba()[..., 3])
    return [Layer(back, None, 0.3), Layer(mid, alpha, 0.5), Layer(colors, np.ascontiguousarray(floor[..., 3]), 0.95)]


def wasteland(stage: Stage) -> list[Layer]:
    """Mesas on cracked ground: where battles happen."""
    back = sky(stage)
    sun(stage, back, 0.5, 0.33)
    far, mid = Brush(stage), Brush(stage)
    for x in (0.05, 0.28, 0.55, 0.8):
        _mesa(far, stage, x, HORIZON + 0.02, 0.10, 0.12, mix((176, 110, 92), stage.light.sky[2], 0.5))
    for x, tall in ((-0.04, 0.34), (0.84, 0.27)):
        _mesa(mid, stage, x, HORIZON + 0.05, 0.16, tall, (170, 98, 76))
    floor = ground(stage, (84, 52, 46), (204, 146, 106), HORIZON + 0.02)
    for _ in range(16):
        x, y = stage.rng.random(), stage.rng.uniform(0.55, 0.85)
        crack = [(x, y)]
        for _ in range(4):
            crack.append(
                (crack[-1][0] + stage.rng.uniform(-0.07, 0.07), crack[-1][1] + stage.rng.uniform(-0.012, 0.014))
            )
        floor.line(crack, (112, 72, 60), 0.005)
    for _ in range(20):
        x, y, r = stage.rng.random(), stage.rng.uniform(0.50, 0.60), stage.rng.uniform(0.008, 0.024)
        floor.poly([(x - r, y), (x - r * 0.5, y - r * 0.6), (x + r * 0.4, y - r * 0.5), (x + r, y)], (132, 86, 72))
    return [
        Layer(over(back, tinted_rgba(far.rgba(), stage.light.tint)), None, 0.25),
        plane(mid.rgba(), 0.6, stage.light.tint),
        plane(floor.rgba(), 0.95, stage.light.tint),
    ]


def _mesa(brush: Brush, stage: Stage, x: float, base: float, wide: float, tall: float, rock: Color) -> None:
    rng, top = stage.rng, base - tall
    left = [(x - 0.02, base), (x + rng.uniform(0, 0.02), base - tall * 0.5), (x + 0.02, top)]
    right = [(x + wide, top + rng.uniform(0, 0.01)), (x + wide + 0.02, base - tall * 0.55), (x + wide + 0.04, base)]
    brush.poly(left + right, rock)
    brush.poly([(x + wide * 0.6, top + 0.004), *right, (x + wide * 0.7, base)], mix(rock, (40, 16, 40), 0.3))
    for i in range(4):
        y = top + tall * (0.14 + 0.2 * i)
        brush.line([(x, y), (x + wide, y + 0.004)], mix(rock, (60, 24, 40), 0.22), 0.006)


def desert(stage: Stage) -> list[Layer]:
    """Dunes with a lit and a shaded side."""
    back = sky(stage)
    sun(stage, back, 0.7, 0.24)
    dunes = Brush(stage)
    sand: Color = (226, 168, 108)
    for base, tall, shade in ((HORIZON, 0.07, 0.35), (HORIZON + 0.02, 0.06, 0.15)):
        dunes.poly(ridge(stage, base, tall, 3, 0.4), mix(sand, stage.light.sky[2], shade))
    floor = ground(stage, (150, 98, 66), (230, 176, 116), HORIZON + 0.03)
    curve = [(i / 30, HORIZON + 0.05 + 0.022 * np.sin(i / 6.0 + 1)) for i in range(31)]
    floor.poly([*curve, (1, 0.75), (0.3, 0.62)], mix(sand, (110, 60, 50), 0.30))
    for i in range(14):
        y = 0.58 + i * 0.028
        floor.line([(j / 20, y + 0.004 * np.sin(j * 0.8 + i)) for j in range(21)], (190, 134, 90), 0.004)
    return [
        Layer(over(back, tinted_rgba(dunes.rgba(), stage.light.tint)), None, 0.3),
        plane(floor.rgba(), 0.95, stage.light.tint),
    ]


def space(stage: Stage) -> list[Layer]:
    """Nebula, stars and a planet over cratered ground."""
    clouds, other = cloud_map(stage, 5), cloud_map(stage, 4)
    back = gradient(stage, [(0, (6, 6, 20)), (1, (16, 12, 40))]).astype(np.float32)
    back += np.clip(clouds - 0.45, 0, 1)[..., None] * np.array((190, 60, 210)) * 0.9
    back += np.clip(other - 0.5, 0, 1)[..., None] * np.array((40, 120, 220)) * 0.9
    image = stars(stage, np.clip(back, 0, 235).astype(np.uint8), 420)
    planet = Brush(stage)
    x = stage.rng.choice([0.24, 0.76])
    glow(image, x, 0.2, 0.34, (120, 170, 255), 0.5)
    planet.disc(x, 0.2, 0.16, (78, 108, 190))
    planet.disc(x - 0.02, 0.19, 0.125, (126, 160, 226))
    planet.disc(x - 0.035, 0.182, 0.075, (170, 200, 244))
    image = over(image, planet.rgba())
    floor = ground(stage, (44, 44, 58), (128, 128, 146), HORIZON + 0.035)
    for _ in range(18):
        cx, cy, r = stage.rng.random(), stage.rng.uniform(0.52, 0.85), stage.rng.uniform(0.02, 0.06)
        floor.disc(cx, cy, r, (74, 74, 92), 0.3)
        floor.disc(cx, cy + 0.004, r * 0.84, (96, 96, 114), 0.28)
    return [Layer(image, None, 0.15), plane(floor.rgba(), 0.95, (0.8, 0.8, 0.95))]


def underwater(stage: Stage) -> list[Layer]:
    """Blue depth with rays from above, coral below."""
    back = gradient(
        stage, [(0, (70, 178, 206)), (0.3, (22, 112, 168)), (HORIZON + 0.1, (8, 58, 112)), (1, (4, 24, 60))]
    )
    rays = Brush(stage)
    for i in range(7):
        x = stage.rng.random()
        rays.poly([(x, 0), (x + 0.06, 0), (x + 0.10 + 0.05 * i / 7, 0.55), (x - 0.04, 0.55)], (60, 110, 120))
    back = lit(back, rays.rgba(), 0.05)
    floor = ground(stage, (20, 50, 80), (92, 128, 140), HORIZON + 0.06)
    for _ in range(22):
        x, y, tall = stage.rng.random(), stage.rng.uniform(0.54, 0.60), stage.rng.uniform(0.03, 0.09)
        color = stage.rng.choice([(222, 96, 110), (240, 150, 80), (150, 90, 190), (60, 150, 130)])
        for lean in (-0.03, 0, 0.03):
            floor.line([(x, y), (x + lean, y - tall)], color, 0.02)
            floor.disc(x + lean, y - tall, 0.013, color)
    return [Layer(back, None, 0.3), plane(floor.rgba(), 0.9, (0.7, 0.85, 0.95))]
