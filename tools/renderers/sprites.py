"""Subjects as light falls on them: art, grading, rim light, shadow; and blending with premultiplied alpha."""

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .casting import ASSETS
from .paint import Color, Light, Pixels

# Art that is drawn on the slant, and the turn that levels it for riding, in degrees counter-clockwise.
LEVEL = {"skateboard": 38.0}
PAD = 10


class Sprite(NamedTuple):
    """Premultiplied RGBA; the foot of the drawing is `PAD` above the lower edge."""

    rgba: Pixels

    @property
    def height(self) -> int:
        """Height of the drawing in pixels."""
        return int(self.rgba.shape[0]) - 2 * PAD

    @property
    def width(self) -> int:
        """Width of the drawing in pixels."""
        return int(self.rgba.shape[1]) - 2 * PAD


class Placing(NamedTuple):
    """Where a sprite stands in the frame: centre and foot in pixels, size as a share of its own, turn in degrees."""

    x: float
    foot: float
    scale: float
    stretch: float = 1.0
    angle: float = 0.0
    flip: bool = False


@functools.lru_cache(maxsize=64)
def art(name: str, level: bool = False) -> Image.Image:
    """The drawing of a subject, straight RGBA."""
    with (ASSETS / "subjects" / f"{name}.webp").open("rb") as file:
        image = Image.open(file).convert("RGBA")
    if level and name in LEVEL:
        image = image.rotate(LEVEL[name], Image.Resampling.BICUBIC, expand=True)
        image = image.crop(image.getchannel("A").point([0] * 24 + [255] * 232).getbbox())
    return image


def recoloured(image: Image.Image) -> Image.Image:
    """The art in other colours, for a twin to tell apart; skin, wood and other warm browns stay as they are."""
    rgba = np.asarray(image).astype(np.float32)
    rgb = rgba[..., :3]
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    warm = (red >= green) & (green >= blue)
    turned = np.where(warm[..., None], rgb, np.stack([blue * 0.9, red, green], axis=2))
    if (warm & (rgba[..., 3] > 128)).sum() > 0.85 * (rgba[..., 3] > 128).sum():
        turned = rgb * np.array((0.62, 0.62, 0.70), np.float32)  # all of it is warm: the twin is the dark one
    return Image.fromarray(np.dstack([turned, rgba[..., 3]]).astype(np.uint8))


def dressed(image: Image.Image, light: Light, box: tuple[float, float], before: bool = False) -> Sprite:
    """The art scaled into the box (width, height in pixels) under the light, rimmed; `before` drains it."""
    scale = min(box[0] / image.width, box[1] / image.height)
    size = (max(2, round(image.width * scale)), max(2, round(image.height * scale)))
    scaled = np.asarray(image.resize(size, Image.Resampling.LANCZOS))
    rgba = np.pad(scaled, ((PAD, PAD), (PAD, PAD), (0, 0))).astype(np.float32)
    rgb, alpha = rgba[..., :3], rgba[..., 3] / np.float32(255)
    if before:
        gray = rgb.mean(axis=2, keepdims=True)
        rgb = (rgb * 0.22 + gray * 0.78) * np.array((0.74, 0.80, 0.92), np.float32)
    tint = np.array(light.tint, np.float32)
    tint = 0.66 + 0.34 * tint / tint.max() * max(0.8, float(tint.max()))  # the key light keeps the subject readable
    fall = np.linspace(1.04, 0.78, rgb.shape[0], dtype=np.float32)[:, None, None]
    rgb = rgb * tint * fall
    rim = _rim(alpha)[..., None]
    rgb = rgb + (255 - rgb) * rim * (np.array(light.rim, np.float32) / 255)
    return Sprite(np.dstack([rgb * alpha[..., None], alpha * 255]).clip(0, 255).astype(np.uint8))


def _rim(alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    """A thin crescent of light along the upper left edge and a fainter one on the right."""
    import cv2

    reach = max(2, round(max(alpha.shape) / 90))
    soft = cv2.GaussianBlur(alpha, (0, 0), reach * 0.8)
    left = np.clip(alpha - np.roll(soft, (reach, reach), (0, 1)), 0, 1)
    right = np.clip(alpha - np.roll(soft, (reach // 2, -reach), (0, 1)), 0, 1)
    return np.asarray((left * 0.62 + right * 0.30) * alpha, np.float32)


def shadow_sprite(width: int, height: int) -> Sprite:
    """A soft dark ellipse."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    alpha = np.clip(1 - np.sqrt(x**2 + y**2), 0, 1) ** 1.1 * 150
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[..., 3] = alpha.astype(np.uint8)
    return Sprite(rgba)


def put(frame: Pixels, sprite: Sprite, at: Placing) -> None:
    """Blend a sprite into the frame in place."""
    import cv2

    h, w = sprite.rgba.shape[:2]
    turn = np.deg2rad(at.angle)
    sx, sy = at.scale * (-1 if at.flip else 1), at.scale * at.stretch
    cos, sin = np.cos(turn), np.sin(turn)
    linear = np.array([[cos * sx, sin * sy], [-sin * sx, cos * sy]])
    offset = np.array([at.x, at.foot]) - linear @ np.array([w / 2, h - PAD])
    corners = linear @ np.array([[0, w, 0, w], [0, 0, h, h]]) + offset[:, None]
    x0, y0 = np.maximum(0, np.floor(corners.min(axis=1))).astype(int)
    x1, y1 = np.minimum((frame.shape[1], frame.shape[0]), np.ceil(corners.max(axis=1))).astype(int)
    if x0 >= x1 or y0 >= y1:
        return
    matrix = np.hstack([linear, (offset - (x0, y0))[:, None]])
    blend(
        frame,
        cv2.warpAffine(sprite.rgba, matrix, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR),
        int(x0),
        int(y0),
    )


def blend(frame: Pixels, rgba: Pixels, x: int, y: int) -> None:
    """Premultiplied RGBA over the frame in place, its upper left corner at (x, y); what lies outside is cut."""
    import cv2

    x0, y0, x1, y1 = (
        max(0, x),
        max(0, y),
        min(frame.shape[1], x + rgba.shape[1]),
        min(frame.shape[0], y + rgba.shape[0]),
    )
    if x0 >= x1 or y0 >= y1:
        return
    part = rgba[y0 - y : y1 - y, x0 - x : x1 - x]
    rest = cv2.bitwise_not(cv2.cvtColor(cv2.extractChannel(part, 3), cv2.COLOR_GRAY2RGB))
    region = frame[y0:y1, x0:x1]
    frame[y0:y1, x0:x1] = cv2.add(cv2.multiply(region, rest, scale=1 / 255), part[..., :3])


def premultiplied(rgba: Pixels) -> Pixels:
    """Straight to premultiplied alpha."""
    alpha = rgba[..., 3:].astype(np.float32) / 255
    return np.dstack([(rgba[..., :3] * alpha).astype(np.uint8), rgba[..., 3]])


def screen(frame: Pixels, light: NDArray[np.float32], x: int, y: int, color: Color) -> None:
    """Screen a light map (h, w; 0 to 1) of one colour over the frame in place; what lies outside is cut."""
    import cv2

    h, w = light.shape
    x0, y0, x1, y1 = max(0, x), max(0, y), min(frame.shape[1], x + w), min(frame.shape[0], y + h)
    if x0 >= x1 or y0 >= y1:
        return
    amount = cv2.convertScaleAbs(light[y0 - y : y1 - y, x0 - x : x1 - x], alpha=255)
    dark = cv2.merge([255 - cv2.convertScaleAbs(amount, alpha=part / 255) for part in color])
    region = frame[y0:y1, x0:x1]
    frame[y0:y1, x0:x1] = cv2.bitwise_not(cv2.multiply(cv2.bitwise_not(region), dark, scale=1 / 255))
