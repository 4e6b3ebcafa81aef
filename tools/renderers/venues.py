"""Halls and stages, and the two settings that are only light. The floor or the table carries the subject."""

import random

import numpy as np

from .paint import (
    HORIZON,
    Brush,
    Layer,
    Stage,
    cloud_map,
    glow,
    gradient,
    lit,
    mix,
    over,
    plane,
    sky,
    tinted,
)
from .rooms import LAMP, finish, room, table
from .terrain import ground
from .towns import skyline


def gaming(stage: Stage) -> list[Layer]:
    """Neon tubes, hexagon panels and screens in a dark room."""
    back = gradient(stage, [(0, (14, 8, 34)), (0.3, (40, 16, 66)), (HORIZON, (58, 22, 84)), (1, (16, 8, 30))])
    lamps = Brush(stage)
    pink, blue = (255, 40, 150), (40, 200, 255)
    lamps.line([(0.05, 0.48), (0.05, 0.10), (0.40, 0.05)], pink, 0.011)
    lamps.line([(0.95, 0.48), (0.95, 0.10), (0.60, 0.05)], blue, 0.011)
    for i in range(10):
        cx, cy = 0.16 + (i % 4) * 0.105 + 0.052 * ((i // 4) % 2), 0.12 + (i // 4) * 0.052
        ratio = stage.w / stage.h
        hexagon = [
            (cx + 0.048 * np.cos(k * np.pi / 3 + np.pi / 6), cy + 0.048 * ratio * np.sin(k * np.pi / 3 + np.pi / 6))
            for k in range(6)
        ]
        lamps.poly(hexagon, mix(mix(pink, blue, i / 9), (0, 0, 0), stage.rng.uniform(0.35, 0.8)))
    desk = Brush(stage)
    desk.rect(0.62, 0.13, 0.93, 0.155, (40, 30, 62))
    for i, tone in enumerate([(230, 190, 80), (120, 220, 190), (240, 110, 110), (170, 140, 255)]):
        desk.rect(0.65 + i * 0.065, 0.13 - 0.03 - 0.008 * (i % 2), 0.685 + i * 0.065, 0.13, tone, 0.01)
    for x in (0.08, 0.55):
        desk.rect(x, 0.27, x + 0.37, 0.425, (12, 12, 22), 0.012)
        desk.rect(x + 0.16, 0.425, x + 0.21, 0.46, (20, 20, 32))
        lamps.rect(x + 0.012, 0.277, x + 0.358, 0.418, (26, 60, 110), 0.008)
        for i in range(4):
            color = mix(pink, blue, stage.rng.random())
            lamps.rect(
                x + 0.03,
                0.29 + i * 0.03,
                x + 0.03 + stage.rng.uniform(0.08, 0.28),
                0.305 + i * 0.03,
                mix(color, (0, 0, 0), 0.45),
                0.004,
            )
    back = lit(over(back, tinted_rgba_soft(desk)), lamps.rgba(), 0.06)
    floor = ground(stage, (14, 10, 28), (70, 34, 92), HORIZON - 0.015).rgba()
    colors = np.ascontiguousarray(floor[..., :3])
    glow(colors, 0.15, 0.56, 0.5, pink, 0.5, 0.5)
    glow(colors, 0.85, 0.56, 0.5, blue, 0.5, 0.5)
    return [Layer(back, None, 0.7), Layer(colors, np.ascontiguousarray(floor[..., 3]), 0.95)]


def tinted_rgba_soft(brush: Brush) -> np.ndarray:
    """A drawing dimmed for a dark room."""
    rgba = brush.rgba()
    return np.dstack([tinted(rgba[..., :3], (0.6, 0.5, 0.75)), rgba[..., 3]])


def office(stage: Stage) -> list[Layer]:
    """A glass wall over the city and a desk."""
    lamps = Brush(stage)
    back = sky(stage)
    towers = skyline(
        stage,
        HORIZON + 0.02,
        0.05,
        0.22,
        mix((120, 132, 160), stage.light.sky[2], 0.3),
        9,
        lamps if stage.night else None,
    ).rgba()
    back = over(back, np.dstack([tinted(towers[..., :3], stage.light.tint), towers[..., 3]]))
    frame = Brush(stage)
    for x in (0.0, 0.25, 0.5, 0.75, 1.0):
        frame.rect(x - 0.01, 0, x + 0.01, HORIZON + 0.04, (58, 62, 74))
    frame.rect(0, 0, 1, 0.035, (58, 62, 74))
    frame.rect(0, 0.25, 1, 0.258, (58, 62, 74))
    for x in (0.2, 0.5, 0.8):
        frame.line([(x, 0), (x, 0.09)], (40, 40, 46), 0.006)
        frame.poly([(x - 0.05, 0.12), (x + 0.05, 0.12), (x + 0.025, 0.085), (x - 0.025, 0.085)], (222, 176, 96))
        lamps.poly([(x - 0.05, 0.12), (x + 0.05, 0.12), (x + 0.045, 0.114), (x - 0.045, 0.114)], (255, 214, 150))
    image = lit(over(back, frame.rgba()), lamps.rgba(), 0.03)
    return [Layer(image, None, 0.55), table(stage, (168, 124, 88))]


def gym(stage: Stage) -> list[Layer]:
    """Racks, plates, mirrors and strip lights."""
    brush, floor = room(stage, (70, 76, 90), (66, 68, 76))
    lamps = Brush(stage)
    for i in range(3):
        brush.rect(0.03 + i * 0.325, 0.13, 0.32 + i * 0.325, 0.40, (100, 114, 134), 0.004)
        brush.poly(
            [(0.10 + i * 0.325, 0.13), (0.17 + i * 0.325, 0.13), (0.07 + i * 0.325, 0.40), (0.03 + i * 0.325, 0.40)],
            (124, 138, 158),
        )
    for x in (0.12, 0.58):
        for dx in (0.0, 0.28):
            brush.rect(x + dx, 0.18, x + dx + 0.02, 0.49, (30, 32, 40))
        brush.line([(x - 0.09, 0.27), (x + 0.39, 0.27)], (176, 180, 190), 0.012)
        for dx in (-0.07, -0.045, 0.335, 0.36):
            brush.rect(
                x + dx, 0.225, x + dx + 0.018, 0.315, (206, 60, 54) if dx in (-0.045, 0.335) else (36, 38, 46), 0.006
            )
    for i in range(8):
        x = 0.05 + i * 0.12
        brush.rect(x, 0.445, x + 0.03, 0.475, (24, 26, 32), 0.008)
        brush.rect(x + 0.05, 0.445, x + 0.08, 0.475, (24, 26, 32), 0.008)
        brush.rect(x + 0.02, 0.456, x + 0.06, 0.464, (150, 154, 162))
    for x in (0.1, 0.42, 0.74):
        lamps.poly([(x, 0.03), (x + 0.18, 0.03), (x + 0.16, 0.042), (x + 0.02, 0.042)], (226, 240, 255))
    back = finish(stage, brush, lamps, 0.7)
    glow(back.rgb, 0.5, 0.04, 0.8, (190, 220, 255), 0.3, 0.6)
    glow(floor.rgb, 0.5, 0.57, 0.6, (200, 220, 255), 0.25, 0.4)
    return [back, floor]


def boutique(stage: Stage) -> list[Layer]:
    """Rails of clothes, a round mirror with bulbs, patterned floor."""
    brush, floor = room(stage, (214, 184, 178), (206, 176, 150))
    lamps = Brush(stage)
    tones = [
        (196, 82, 90),
        (72, 112, 140),
        (232, 184, 96),
        (104, 140, 108),
        (150, 104, 150),
        (236, 226, 214),
        (70, 62, 80),
        (214, 128, 90),
    ]
    for y, left, right in ((0.24, 0.0, 0.36), (0.24, 0.64, 1.0)):
        brush.line([(left, y), (right, y)], (86, 70, 66), 0.012)
        for i in range(9):
            x, tone = left + 0.012 + i * (right - left) / 9, stage.rng.choice(tones)
            tall = stage.rng.uniform(0.13, 0.20)
            brush.poly(
                [(x + 0.01, y + 0.012), (x + 0.026, y + 0.012), (x + 0.042, y + tall), (x - 0.004, y + tall)], tone
            )
            brush.poly(
                [(x + 0.018, y + 0.012), (x + 0.026, y + 0.012), (x + 0.042, y + tall), (x + 0.022, y + tall)],
                mix(tone, (0, 0, 0), 0.18),
            )
    brush.rect(0.38, 0.09, 0.62, 0.46, (196, 152, 92), 0.12)
    brush.rect(0.392, 0.098, 0.608, 0.455, (184, 200, 214), 0.11)
    brush.poly([(0.43, 0.16), (0.50, 0.12), (0.44, 0.40), (0.40, 0.40)], (212, 224, 234))
    for i in range(9):
        t = np.pi * i / 8
        lamps.disc(0.5 + 0.142 * np.cos(t), 0.165 - 0.105 * np.sin(t), 0.013, (255, 226, 170))
    brush.rect(0.0, 0.085, 0.34, 0.097, (130, 92, 74))
    brush.rect(0.66, 0.085, 1.0, 0.097, (130, 92, 74))
    for i in range(8):
        x = 0.02 + i * 0.04 if i < 4 else 0.68 + (i - 4) * 0.08
        brush.rect(x, 0.05, x + 0.032, 0.085, tones[i], 0.008)
    back = finish(stage, brush, lamps, 0.75)
    glow(back.rgb, 0.5, 0.16, 0.6, LAMP, 0.3)
    return [back, floor]


def stage_set(stage: Stage) -> list[Layer]:
    """Curtains, crossing beams and heads of the audience in front."""
    back = gradient(stage, [(0, (12, 8, 28)), (0.3, (50, 20, 70)), (HORIZON, (120, 40, 96)), (1, (30, 12, 36))])
    glow(back, 0.5, 0.42, 0.75, (255, 110, 170), 0.6)
    curtains = Brush(stage)
    for side in (0, 1):
        for i in range(7):
            x = i * 0.03
            left, right = (x, x + 0.032) if not side else (1 - x - 0.032, 1 - x)
            curtains.rect(left, 0, right, HORIZON + 0.05, mix((150, 24, 46), (60, 8, 28), (i % 2) * 0.7))
    for i in range(10):
        curtains.disc(i / 9, 0.0, 0.085, mix((150, 24, 46), (80, 10, 32), (i % 2) * 0.6), 0.8)
    back = over(back, curtains.rgba())
    light = Brush(stage)
    for x, aim, color in ((0.14, 0.46, (110, 60, 130)), (0.5, 0.5, (130, 120, 90)), (0.86, 0.54, (50, 90, 140))):
        light.poly([(x - 0.012, 0.0), (x + 0.012, 0.0), (aim + 0.17, 0.58), (aim - 0.17, 0.58)], color)
    floor = ground(stage, (24, 12, 30), (126, 70, 92), HORIZON + 0.035).rgba()
    colors = np.ascontiguousarray(floor[..., :3])
    glow(colors, 0.5, 0.555, 0.5, (255, 220, 190), 0.75, 0.25)
    crowd = Brush(stage)
    for i in range(16):
        x, y, r = i / 15 + stage.rng.uniform(-0.02, 0.02), 0.66 + stage.rng.uniform(-0.012, 0.02), 0.038
        crowd.disc(x, y, r, (10, 6, 16))
        crowd.disc(x, y + 0.06, r * 1.7, (10, 6, 16))
        if stage.rng.random() < 0.4:
            crowd.line([(x + 0.03, y + 0.03), (x + 0.045, y - 0.05)], (10, 6, 16), 0.022)
    crowd.rect(0, 0.70, 1, 1, (10, 6, 16))
    return [
        Layer(lit(back, light.rgba(), 0.10), None, 0.6),
        Layer(colors, np.ascontiguousarray(floor[..., 3]), 0.95),
        plane(crowd.rgba(), 1.25),
    ]


def studio(stage: Stage) -> list[Layer]:
    """A seamless coloured backdrop under a soft key light."""
    hue = stage.rng.choice([(58, 92, 150), (146, 74, 96), (44, 116, 118), (112, 84, 152), (178, 104, 62)])
    deep = mix(hue, (8, 8, 20), 0.62)
    back = gradient(
        stage,
        [(0, deep), (HORIZON, hue), (0.56, mix(hue, (255, 255, 255), 0.20)), (0.72, mix(hue, deep, 0.5)), (1, deep)],
    )
    glow(back, 0.5, 0.34, 0.85, mix(hue, (255, 255, 255), 0.7), 0.55)
    rings = Brush(stage)
    for r in (0.40, 0.31):
        rings.disc(0.5, 0.33, r, mix(hue, (255, 255, 255), 0.13 if r > 0.35 else 0.22))
    soft = rings.rgba().copy()
    soft[..., 3] = (soft[..., 3] * 0.4).astype(np.uint8)
    return [Layer(over(back, soft), None, 0.7)]


def dream(stage: Stage) -> list[Layer]:
    """Light leaks and soft discs, the colours of old film."""
    pairs = [
        ((66, 38, 84), (240, 140, 96)),
        ((26, 58, 92), (236, 160, 130)),
        ((84, 40, 60), (250, 190, 110)),
        ((30, 66, 84), (190, 130, 200)),
    ]
    deep, warm = stage.rng.choice(pairs)
    back = gradient(
        stage,
        [
            (0, deep),
            (0.32, mix(deep, warm, 0.55)),
            (0.55, warm),
            (0.75, mix(deep, warm, 0.35)),
            (1, mix(deep, (0, 0, 0), 0.4)),
        ],
    )
    haze = cloud_map(stage, 3)
    back = (back * (0.78 + 0.3 * haze[..., None])).clip(0, 238).astype(np.uint8)
    for _ in range(9):
        glow(
            back, stage.rng.random(), stage.rng.uniform(0.02, 0.5), stage.rng.uniform(0.10, 0.34), (255, 206, 160), 0.35
        )
    glow(back, stage.rng.choice([0.0, 1.0]), 0.25, 0.8, (255, 120, 70), 0.6)
    discs = Brush(stage)
    for _ in range(16):
        discs.disc(
            stage.rng.random(),
            stage.rng.uniform(0.02, 0.62),
            stage.rng.uniform(0.012, 0.055),
            mix(warm, (255, 240, 214), 0.6),
        )
    soft = discs.rgba().copy()
    soft[..., 3] = (soft[..., 3] * 0.16).astype(np.uint8)
    return [
        Layer(back, None, 0.35),
        Layer(np.ascontiguousarray(soft[..., :3]), np.ascontiguousarray(soft[..., 3]), 0.8),
    ]


def pedestal(shape: tuple[int, ...], time: str, setting: str) -> Layer:
    """A round plinth for a thing on a plain backdrop."""
    stage = Stage(shape[1], shape[0], time, random.Random(setting))
    light, dark = (226, 216, 214), (96, 84, 108)
    brush = Brush(stage)
    for i in range(130):
        y = 0.555 + 0.0045 * i
        brush.disc(0.5, y, 0.46, mix(mix(light, dark, 0.35), dark, min(1.0, i / 45)), 0.17)
    brush.disc(0.5, 0.553, 0.46, light, 0.17)
    brush.disc(0.5, 0.553, 0.43, mix(light, (255, 255, 255), 0.3), 0.155)
    rgba = brush.rgba()
    return Layer(
        np.ascontiguousarray(tinted(rgba[..., :3], (0.86, 0.82, 0.84))), np.ascontiguousarray(rgba[..., 3]), 0.95
    )
