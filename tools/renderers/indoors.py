"""Rooms of a home, a school, a library, a café, a hospital. The floor or the table carries the subject."""

import numpy as np

from .paint import (
    Brush,
    Layer,
    Stage,
    glow,
    mix,
    over,
    tinted,
)
from .rooms import LAMP, finish, indoor, room, table, window


def kitchen(stage: Stage) -> list[Layer]:
    """Tiles, shelf, hood and window behind a worktop."""
    brush, _ = room(stage, (206, 196, 176), (140, 100, 74))
    lamps = Brush(stage)
    for row in range(10):
        for column in range(11):
            x, y = column / 10 - 0.05 * (row % 2), 0.24 + row * 0.028
            brush.rect(
                x + 0.003,
                y + 0.002,
                x + 0.097,
                y + 0.026,
                mix((222, 214, 198), (150, 178, 172), stage.rng.random() * 0.45),
                0.003,
            )
    window(brush, stage, 0.10, 0.10, 0.38, 0.30)
    brush.poly([(0.60, 0.20), (0.94, 0.20), (0.84, 0.08), (0.70, 0.08)], (120, 124, 132))
    brush.rect(0.70, -0.01, 0.84, 0.08, (134, 138, 146))
    brush.rect(0.60, 0.20, 0.94, 0.216, (92, 96, 106))
    lamps.rect(0.66, 0.216, 0.88, 0.220, (255, 214, 150))
    brush.rect(0.42, 0.335, 0.98, 0.347, (120, 78, 52))
    for i, tone in enumerate(
        [(190, 90, 70), (232, 208, 160), (88, 128, 112), (214, 160, 84), (150, 170, 180), (200, 120, 90)]
    ):
        x = 0.46 + i * 0.085
        brush.rect(x, 0.335 - 0.04 - 0.012 * (i % 3), x + 0.05, 0.335, tone, 0.008)
        brush.rect(
            x + 0.004,
            0.335 - 0.052 - 0.012 * (i % 3),
            x + 0.046,
            0.335 - 0.038 - 0.012 * (i % 3),
            mix(tone, (70, 50, 40), 0.5),
            0.004,
        )
    for i in range(4):
        x = 0.13 + i * 0.07
        brush.line([(x, 0.345), (x, 0.38)], (110, 112, 118), 0.005)
        brush.disc(x, 0.395, 0.022, (126, 96, 76) if i % 2 else (150, 154, 162))
    back = finish(stage, brush, lamps, 0.65)
    glow(back.rgb, 0.77, 0.25, 0.5, LAMP, 0.32)
    glow(back.rgb, 0.24, 0.2, 0.5, stage.light.rim, 0.2)
    return [back, table(stage, (150, 98, 64))]


def livingroom(stage: Stage) -> list[Layer]:
    """Window with curtains, sofa, lamp, pictures and a rug."""
    brush, floor = room(stage, (186, 176, 160), (170, 124, 88))
    lamps = Brush(stage)
    window(brush, stage, 0.34, 0.08, 0.66, 0.30)
    for side, x in ((1, 0.27), (-1, 0.73)):
        for i in range(5):
            left = x + side * i * 0.02
            brush.rect(left - 0.012, 0.05, left + 0.012, 0.40, mix((186, 104, 92), (120, 60, 62), (i % 2) * 0.6))
    brush.rect(0.22, 0.044, 0.78, 0.052, (96, 76, 62))
    for x, tone in ((0.06, (92, 132, 140)), (0.84, (222, 176, 96))):
        brush.rect(x, 0.14, x + 0.12, 0.24, (244, 238, 226), 0.004)
        brush.rect(x + 0.012, 0.147, x + 0.108, 0.233, tone)
        brush.disc(x + 0.06, 0.20, 0.03, mix(tone, (255, 255, 255), 0.5))
    brush.rect(0.14, 0.36, 0.80, 0.46, (72, 108, 112), 0.03)
    brush.rect(0.10, 0.41, 0.84, 0.487, (60, 94, 98), 0.03)
    for x in (0.16, 0.49):
        brush.rect(x, 0.405, x + 0.30, 0.455, (88, 126, 128), 0.02)
    brush.rect(0.20, 0.375, 0.29, 0.425, (230, 170, 90), 0.018)
    brush.line([(0.92, 0.49), (0.92, 0.30)], (60, 50, 46), 0.009)
    brush.poly([(0.87, 0.32), (0.97, 0.32), (0.945, 0.26), (0.895, 0.26)], (240, 214, 168))
    lamps.poly([(0.87, 0.32), (0.97, 0.32), (0.945, 0.26), (0.895, 0.26)], (210, 150, 80))
    back = finish(stage, brush, lamps, 0.75)
    glow(back.rgb, 0.92, 0.32, 0.42, LAMP, 0.5)
    rug = Brush(stage)
    rug.disc(0.5, 0.585, 0.5, (206, 192, 170), 0.30)
    rug.disc(0.5, 0.585, 0.45, (176, 92, 82), 0.28)
    rug.disc(0.5, 0.585, 0.41, (216, 200, 178), 0.26)
    return [
        back,
        Layer(
            over(floor.rgb, np.dstack([tinted(rug.rgba()[..., :3], indoor(stage)), rug.rgba()[..., 3]])),
            floor.alpha,
            0.95,
        ),
    ]


def bedroom(stage: Stage) -> list[Layer]:
    """A bed, fairy lights, posters and a window."""
    brush, floor = room(stage, (150, 150, 186), (150, 116, 96))
    lamps = Brush(stage)
    window(brush, stage, 0.60, 0.08, 0.90, 0.28)
    for i, tone in enumerate([(226, 120, 130), (110, 170, 190), (240, 200, 120)]):
        x = 0.08 + i * 0.155
        brush.rect(x, 0.13 + 0.015 * (i % 2), x + 0.12, 0.235 + 0.015 * (i % 2), mix(tone, (255, 255, 255), 0.15))
        brush.disc(x + 0.06, 0.18 + 0.015 * (i % 2), 0.028, mix(tone, (60, 50, 90), 0.5))
    brush.rect(0.06, 0.33, 0.94, 0.44, (96, 74, 66), 0.02)
    brush.rect(0.04, 0.40, 0.96, 0.50, (226, 222, 230), 0.03)
    brush.rect(0.04, 0.435, 0.96, 0.51, (120, 128, 186), 0.02)
    for x in (0.12, 0.58):
        brush.rect(x, 0.37, x + 0.30, 0.425, (244, 240, 240), 0.03)
    for i in range(22):
        t = i / 21
        lamps.disc(t, 0.055 + 0.05 * abs(np.sin(t * np.pi * 2.5)), 0.008, (255, 214, 140))
    back = finish(stage, brush, lamps, 0.75)
    glow(back.rgb, 0.5, 0.1, 0.7, LAMP, 0.25, 0.4)
    return [back, floor]


def classroom(stage: Stage) -> list[Layer]:
    """Blackboard, clock, windows, desks."""
    brush, floor = room(stage, (216, 202, 166), (182, 142, 102))
    brush.rect(0.20, 0.12, 0.84, 0.36, (120, 84, 58), 0.006)
    brush.rect(0.215, 0.129, 0.825, 0.351, (46, 84, 70))
    for i, wide in enumerate((0.36, 0.26, 0.42)):
        points = [(0.27 + wide * k / 24, 0.18 + i * 0.045 + 0.004 * np.sin(k * 2.2 + i)) for k in range(25)]
        brush.line(points, (196, 214, 204), 0.006)
    brush.disc(0.73, 0.19, 0.04, (240, 214, 120))
    brush.disc(0.73, 0.19, 0.032, (46, 84, 70))
    brush.disc(0.52, 0.065, 0.045, (90, 70, 58))
    brush.disc(0.52, 0.065, 0.038, (246, 242, 232))
    brush.line([(0.52, 0.065), (0.52, 0.047)], (50, 50, 60), 0.006)
    brush.line([(0.52, 0.065), (0.535, 0.07)], (50, 50, 60), 0.006)
    window(brush, stage, -0.08, 0.10, 0.13, 0.34)
    for i in range(6):
        brush.poly(
            [(0.2 + i * 0.11, 0.085), (0.31 + i * 0.11, 0.085), (0.255 + i * 0.11, 0.115)],
            [(226, 96, 86), (240, 190, 90), (96, 156, 190)][i % 3],
        )
    for i in range(3):
        x = 0.02 + i * 0.36
        brush.rect(x, 0.42, x + 0.25, 0.436, (214, 160, 104), 0.004)
        for leg in (0.02, 0.22):
            brush.rect(x + leg, 0.436, x + leg + 0.01, 0.50, (110, 116, 126))
        brush.rect(x + 0.07, 0.40, x + 0.15, 0.42, [(206, 84, 80), (84, 140, 190), (100, 160, 110)][i], 0.003)
    back = finish(stage, brush, None, 0.75)
    glow(back.rgb, 0.0, 0.22, 0.8, stage.light.rim, 0.35)
    glow(floor.rgb, 0.3, 0.58, 0.5, stage.light.rim, 0.35, 0.4)
    return [back, floor]


def library(stage: Stage) -> list[Layer]:
    """Shelves of books to the ceiling, warm lamps."""
    brush, _ = room(stage, (84, 56, 44), (122, 80, 56))
    lamps = Brush(stage)
    tones = [(158, 62, 56), (60, 92, 104), (190, 144, 80), (86, 108, 76), (120, 76, 104), (206, 186, 150), (58, 66, 98)]
    for row in range(6):
        shelf = 0.085 + row * 0.078
        for bay in range(3):
            x, end = 0.03 + bay * 0.325, 0.03 + bay * 0.325 + 0.295
            brush.rect(x - 0.01, shelf - 0.072, end + 0.01, shelf, (52, 34, 30))
            while x < end - 0.02:
                wide = stage.rng.uniform(0.014, 0.032)
                tall = stage.rng.uniform(0.040, 0.062)
                tone = stage.rng.choice(tones)
                brush.rect(x, shelf - tall, x + wide - 0.002, shelf, tone)
                brush.rect(
                    x, shelf - tall * 0.8, x + wide - 0.002, shelf - tall * 0.74, mix(tone, (250, 220, 150), 0.5)
                )
                x += wide
            brush.rect(0.02 + bay * 0.325, shelf, end + 0.01, shelf + 0.008, (134, 90, 60))
    for x in (0.18, 0.82):
        lamps.disc(x, 0.06, 0.03, (240, 180, 100))
    back = finish(stage, brush, lamps, 0.7)
    for x in (0.18, 0.82):
        glow(back.rgb, x, 0.08, 0.7, LAMP, 0.5)
    return [back, table(stage, (118, 72, 48))]


def cafe(stage: Stage) -> list[Layer]:
    """A bar with bottles and cups under hanging lamps, a menu board, a window to the street."""
    rng = stage.rng
    wall = rng.choice([(112, 132, 116), (150, 100, 84), (92, 112, 134), (168, 140, 110)])
    brush, floor = room(stage, wall, (150, 104, 76))
    lamps = Brush(stage)
    window(brush, stage, 0.04, 0.09, 0.34, 0.34)
    brush.rect(0.42, 0.08, 0.70, 0.21, (60, 42, 36), 0.008)
    brush.rect(0.43, 0.086, 0.69, 0.204, (34, 40, 42), 0.006)
    for i in range(5):
        brush.rect(0.45, 0.098 + i * 0.02, 0.45 + rng.uniform(0.08, 0.15), 0.103 + i * 0.02, (214, 206, 190))
        brush.rect(0.635, 0.098 + i * 0.02, 0.67, 0.103 + i * 0.02, (232, 186, 104))
    for shelf in (0.27, 0.35):
        brush.rect(0.42, shelf, 0.98, shelf + 0.008, (94, 62, 44))
        for i in range(11):
            x, tall = 0.435 + i * 0.05, rng.uniform(0.022, 0.056)
            tone = rng.choice([(196, 92, 70), (234, 216, 184), (86, 130, 112), (222, 164, 76), (120, 150, 176)])
            brush.rect(x, shelf - tall, x + 0.03, shelf, tone, 0.006)
            brush.rect(x + 0.009, shelf - tall - 0.012, x + 0.021, shelf - tall, mix(tone, (40, 30, 30), 0.3))
    brush.rect(0.36, 0.418, 1.0, 0.436, (176, 122, 80))
    for i in range(13):
        brush.rect(0.38 + i * 0.05, 0.436, 0.425 + i * 0.05, 0.495, mix(wall, (30, 24, 26), 0.42 + 0.08 * (i % 2)))
    for x in (0.5, 0.7, 0.9):
        brush.line([(x, 0), (x, 0.035)], (40, 34, 32), 0.005)
        brush.poly([(x - 0.05, 0.07), (x + 0.05, 0.07), (x + 0.02, 0.033), (x - 0.02, 0.033)], (54, 46, 44))
        lamps.disc(x, 0.072, 0.02, (255, 206, 130), 0.5)
    back = finish(stage, brush, lamps, 0.7)
    for x in (0.5, 0.7, 0.9):
        glow(back.rgb, x, 0.10, 0.34, LAMP, 0.4)
    return [back, floor]


def hospital(stage: Stage) -> list[Layer]:
    """A bright ward: bed with rails, monitor with a pulse, curtain, window."""
    brush, floor = room(stage, (196, 220, 222), (170, 186, 190))
    lamps = Brush(stage)
    brush.rect(0, 0.30, 1, 0.315, (96, 158, 170))
    window(brush, stage, 0.60, 0.09, 0.92, 0.26)
    for i in range(9):
        brush.rect(i * 0.022, 0.03, i * 0.022 + 0.024, 0.47, mix((122, 190, 192), (84, 150, 158), (i % 2) * 0.9))
    brush.rect(0, 0.024, 0.36, 0.034, (150, 160, 168))
    brush.rect(0.26, 0.12, 0.50, 0.225, (66, 78, 92), 0.010)
    lamps.rect(0.275, 0.128, 0.485, 0.217, (8, 34, 40), 0.004)
    beat = [0.0, 0.0, 0.004, -0.030, 0.022, 0.0, 0.0, 0.0, 0.004, -0.030, 0.022, 0.0, 0.0]
    lamps.line([(0.28 + i * 0.0165, 0.178 + y) for i, y in enumerate(beat)], (80, 240, 150), 0.007)
    brush.rect(0.36, 0.225, 0.40, 0.44, (140, 150, 160))
    brush.rect(0.44, 0.355, 0.98, 0.41, (238, 244, 248), 0.02)
    brush.rect(0.40, 0.39, 1.0, 0.45, (120, 178, 204), 0.015)
    brush.rect(0.80, 0.335, 0.96, 0.375, (250, 252, 255), 0.02)
    for x in (0.42, 0.96):
        brush.rect(x, 0.45, x + 0.018, 0.495, (140, 150, 160))
    brush.rect(0.52, 0.03, 0.58, 0.075, (206, 66, 70), 0.006)
    brush.rect(0.543, 0.037, 0.557, 0.068, (250, 250, 252))
    brush.rect(0.532, 0.047, 0.568, 0.058, (250, 250, 252))
    back = finish(stage, brush, lamps, 0.7)
    glow(back.rgb, 0.76, 0.17, 0.6, stage.light.rim, 0.25)
    glow(floor.rgb, 0.5, 0.56, 0.6, (226, 244, 250), 0.3, 0.4)
    return [back, floor]
