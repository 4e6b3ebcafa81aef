"""What moves besides the subject: aura, fire, weather, sparks. Positions come from the seed and the time alone."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .paint import Color, Pixels
from .sprites import screen


class Box(NamedTuple):
    """Where the subject is, in pixels: centre, foot, width, height."""

    x: float
    foot: float
    w: float
    h: float


Draw = Callable[[Pixels, float, Box, float], None]
"""Called with the frame, the time in seconds, the subject's box and the power (0 to 1)."""

BEHIND = ("aura", "fire", "speed", "dust")
GOLD: Color = (255, 206, 84)


def effect(name: str, width: int, height: int, seed: int) -> Draw:
    """The effect of that name for a frame size; equal seeds move equally."""
    dice = np.random.default_rng([seed, sum(name.encode())])
    if name in ("aura", "fire"):
        return _flames(dice, name)
    if name == "rain":
        return _rain(dice, width, height)
    if name == "speed":
        return _speed(dice, width, height)
    if name == "steam":
        return _steam(dice)
    if name == "confetti" or name == "petals":
        return _paper(dice, width, height, name)
    if name == "sparkles":
        return _sparkles(dice)
    return _motes(dice, width, height, name)


def _disc(radius: int, hard: float = 1.0) -> NDArray[np.float32]:
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float32)
    return np.asarray(np.clip((1 - np.sqrt(x**2 + y**2) / (radius + 0.5)) * hard, 0, 1), np.float32)


def flame_map(noise: NDArray[np.float32], w: int, h: int, t: float, crown: float, wild: float) -> NDArray[np.float32]:
    """Tongues of flame (h, w; 0 to 1) inside a drop; `crown` is how wide the drop stays at the top."""
    import cv2

    y, x = np.linspace(0, 1, h, dtype=np.float32)[:, None], np.linspace(-1, 1, w, dtype=np.float32)[None]
    rolled = np.roll(noise, -int(t * 330) % noise.shape[0], axis=0)[: noise.shape[0] // 2]
    texture = cv2.resize(rolled, (w, h), interpolation=cv2.INTER_LINEAR)
    sway = 0.12 * np.sin(6 * y - 9 * t) * (1 - y)
    drop = (crown + (1 - crown) * y**0.7) * np.sqrt(np.clip((1 - y) * 5, 0, 1)) * 0.80
    edge = np.abs(x + sway + (texture - 0.5) * wild * (1 - 0.6 * y)) / np.maximum(drop, 0.04)
    body = np.clip(1.15 - edge, 0, 1)
    body *= body * (3 - 2 * body)
    tips = np.clip((y - wild * texture * 0.9) * 2.6, 0, 1)
    return np.asarray(np.clip(body * tips * (0.45 + 0.95 * texture) * 1.25, 0, 1), np.float32)


def _flames(dice: np.random.Generator, name: str) -> Draw:
    import cv2

    rough = dice.random((12, 14), np.float32)
    rough = np.concatenate([rough, rough[:2]])  # the last rows join the first, so that the scroll has no seam
    noise = np.asarray(cv2.resize(rough, (84, 448), interpolation=cv2.INTER_CUBIC), np.float32).clip(0, 1)[:384]
    aura, halo = name == "aura", _disc(40) ** 1.5
    outer: Color = (255, 170, 40) if aura else (255, 98, 24)
    inner: Color = (255, 240, 170) if aura else (255, 206, 96)
    bolts = dice.uniform(-1, 1, (6, 7, 2))

    def draw(frame: Pixels, t: float, box: Box, power: float) -> None:
        grown = 0.15 + 0.85 * power if aura else 1.0
        pulse = 1 + 0.05 * np.sin(t * 23)
        size = 0.75 + 0.25 * power if aura else 1.0  # a weak aura is faint, not small: it stays around the body
        w = int((max(box.w * 2.0, box.h * 1.2) * size if aura else box.w * 1.5) * pulse)
        h = int(box.h * (1.40 if aura else 0.62) * (0.66 + 0.34 * size))
        foot = box.foot + box.h * (0.05 if aura else 0.02)
        if aura:
            wide = int(box.h * 1.7 * size)
            screen(
                frame,
                cv2.resize(halo, (wide, wide)) * np.float32(0.6 * grown),
                int(box.x - wide / 2),
                int(box.foot - box.h * 0.5 - wide / 2),
                outer,
            )
        for color, share in ((outer, 1.0), (inner, 0.74 if aura else 0.6)):
            ww, hh = int(w * share), int(h * (0.5 + 0.5 * share))
            light = flame_map(
                noise, max(8, ww // 4), max(8, hh // 4), t + share, 0.45 if aura else 0.7, 0.30 if aura else 0.8
            )
            light = cv2.resize(light, (max(16, ww), max(16, hh)), interpolation=cv2.INTER_LINEAR) * (
                grown if color is outer else 0.75 * grown
            )
            screen(frame, light, int(box.x - ww / 2), int(foot - hh), color)
        if aura and power > 0.6:
            _bolt(frame, bolts[int(t * 12) % len(bolts)], box)

    return draw


def _bolt(frame: Pixels, wild: NDArray[np.float64], box: Box) -> None:
    """Lightning along one side of the subject."""
    import cv2

    side = 1 if wild[0, 0] > 0 else -1
    x = box.x + side * box.w * 0.55 + wild[:, 0] * box.w * 0.10
    y = box.foot - box.h * (np.linspace(0.05, 0.95, len(wild)) + wild[:, 1] * 0.05)
    line = np.stack([x, y], axis=1).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(frame, [line], False, (255, 224, 120), 4, cv2.LINE_AA)
    cv2.polylines(frame, [line], False, (255, 252, 232), 2, cv2.LINE_AA)


def _motes(dice: np.random.Generator, width: int, height: int, name: str) -> Draw:
    """Snow falls, embers and bubbles rise, dust hangs."""
    look: dict[str, tuple[int, tuple[int, int], float, float, Color, float]] = {
        # name: count, radii, rise in heights a second, sway, colour, strength
        "snow": (80, (2, 6), -0.22, 0.02, (255, 255, 255), 0.85),
        "embers": (54, (2, 4), 0.30, 0.03, (255, 150, 60), 0.95),
        "bubbles": (34, (3, 9), 0.20, 0.02, (170, 230, 255), 0.5),
        "dust": (40, (2, 7), 0.025, 0.015, (255, 226, 180), 0.40),
    }
    count, radii, rise, sway, color, strength = look[name]
    xs, ys = dice.random(count), dice.random(count)
    sizes = dice.integers(radii[0], radii[1] + 1, count)
    pace, phase = dice.uniform(0.6, 1.4, count), dice.uniform(0, 6.28, count)
    discs = {int(r): _disc(int(r), 2.2 if name != "dust" else 1.0) * strength for r in set(sizes)}

    def draw(frame: Pixels, t: float, box: Box, power: float) -> None:
        px = ((xs + sway * np.sin(t * 2 * pace + phase)) % 1.0) * width
        py = ((ys - rise * pace * t) % 1.06 - 0.03) * height
        flick = 0.55 + 0.45 * np.sin(t * 14 * pace + phase) if name == "embers" else np.ones(count)
        for x, y, r, f in zip(px.astype(int), py.astype(int), sizes, flick, strict=True):
            screen(frame, discs[int(r)] * np.float32(f), x - int(r), y - int(r), color)

    return draw


def _rain(dice: np.random.Generator, width: int, height: int) -> Draw:
    import cv2

    xs, ys, pace = dice.random(90), dice.random(90), dice.uniform(1.6, 2.4, 90)

    def draw(frame: Pixels, t: float, box: Box, power: float) -> None:
        sheet = np.zeros(frame.shape[:2], np.uint8)
        py = ((ys + pace * t) % 1.1 - 0.05) * height
        px = ((xs + 0.05 * t) % 1.0) * width
        for x, y, p in zip(px, py, pace, strict=True):
            cv2.line(sheet, (int(x), int(y)), (int(x + 4), int(y + 22 * p)), int(46 * p), 1, cv2.LINE_AA)
        cv2.add(frame, cv2.cvtColor(sheet, cv2.COLOR_GRAY2RGB), frame)

    return draw


def _speed(dice: np.random.Generator, width: int, height: int) -> Draw:
    import cv2

    angles, start, pace = dice.uniform(0, 6.283, 46), dice.random(46), dice.uniform(1.5, 3.0, 46)

    def draw(frame: Pixels, t: float, box: Box, power: float) -> None:
        sheet = np.zeros(frame.shape[:2], np.uint8)
        cx, cy, reach = box.x, box.foot - box.h / 2, 0.75 * max(width, height)
        for angle, s, p in zip(angles, start, pace, strict=True):
            near = 0.42 + 0.6 * ((s + p * t) % 1.0)
            ends = [
                (int(cx + np.cos(angle) * reach * r), int(cy + np.sin(angle) * reach * r)) for r in (near, near + 0.16)
            ]
            cv2.line(sheet, ends[0], ends[1], 62, 2, cv2.LINE_AA)
        cv2.add(frame, cv2.cvtColor(sheet, cv2.COLOR_GRAY2RGB), frame)

    return draw


def _steam(dice: np.random.Generator) -> Draw:
    import cv2

    rough = dice.random((6, 6), np.float32)
    puff = cv2.resize(rough, (64, 64), interpolation=cv2.INTER_CUBIC).clip(0, 1) * cv2.resize(_disc(32), (64, 64))
    offsets, phase = dice.uniform(-0.28, 0.28, 9), np.arange(9) / 9 + dice.uniform(-0.03, 0.03, 9)

    def draw(frame: Pixels, t: float, box: Box, power: float) -> None:
        for offset, start in zip(offsets, phase, strict=True):
            age = (start + t * 0.55) % 1.0
            size = max(8, int(box.h * (0.26 + 0.42 * age)))
            light = cv2.resize(puff, (size, int(size * 1.3))) * np.float32(0.62 * np.sin(np.pi * age))
            x = box.x + box.w * (offset + 0.05 * np.sin(t * 2 + start * 9))
            y = box.foot - box.h * (0.72 + 0.62 * age)
            screen(frame, light, int(x - size / 2), int(y - size * 0.65), (250, 246, 240))

    return draw


def _sparkles(dice: np.random.Generator) -> Draw:
    import cv2

    y, x = np.mgrid[-1:1:49j, -1:1:49j].astype(np.float32)
    star = np.clip(1 - (np.abs(x) ** 0.5 + np.abs(y) ** 0.5), 0, 1) * 1.9
    star = np.maximum(star, _disc(24) ** 3).clip(0, 1)
    angles, reach = dice.uniform(0, 6.283, 16), dice.uniform(0.42, 0.72, 16)
    phase, sizes = dice.uniform(0, 6.283, 16), dice.integers(18, 52, 16)

    def draw(frame: Pixels, t: float, box: Box, power: float) -> None:
        for angle, r, p, size in zip(angles, reach, phase, sizes, strict=True):
            shine = max(0.0, np.sin(t * 5 + p))
            s = int(size * (0.4 + 0.6 * shine))
            if s < 6:
                continue
            light = cv2.resize(star, (s, s)) * np.float32(shine)
            cx, cy = box.x + np.cos(angle) * r * box.w, box.foot - box.h * (0.5 + np.sin(angle) * r * 0.85)
            screen(frame, light, int(cx - s / 2), int(cy - s / 2), (255, 240, 190))

    return draw


def _paper(dice: np.random.Generator, width: int, height: int, name: str) -> Draw:
    import cv2

    count = 60 if name == "confetti" else 30
    party: list[Color] = [(255, 84, 112), (255, 206, 70), (72, 190, 255), (120, 220, 130), (190, 120, 255)]
    blossom: list[Color] = [(255, 182, 200), (255, 206, 216), (246, 150, 178)]
    colors = party if name == "confetti" else blossom
    xs, ys, pace = dice.random(count), dice.random(count), dice.uniform(0.18, 0.42, count)
    spin, phase = dice.uniform(2, 7, count), dice.uniform(0, 6.283, count)
    pick, size = dice.integers(0, len(colors), count), dice.uniform(5, 10, count) * min(width, height) / 544

    def draw(frame: Pixels, t: float, box: Box, power: float) -> None:
        px = ((xs + 0.03 * np.sin(2 * t + phase)) % 1.0) * width
        py = ((ys + pace * t) % 1.06 - 0.03) * height
        for i in range(count):
            flat = abs(np.cos(spin[i] * t + phase[i])) * 0.85 + 0.15
            rect = (
                (float(px[i]), float(py[i])),
                (float(size[i]), float(size[i] * flat * 1.4)),
                float(np.degrees(spin[i] * t)),
            )
            if name == "petals":
                cv2.ellipse(frame, rect, colors[pick[i]], -1, cv2.LINE_AA)
            else:
                cv2.fillConvexPoly(frame, cv2.boxPoints(rect).astype(np.int32), colors[pick[i]], cv2.LINE_AA)

    return draw
