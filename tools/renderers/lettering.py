"""Type: the title in a display face, word by word, and the small label that says what this is."""

import functools
import io
import random
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from .paint import Color, Pixels
from .sprites import art, blend, premultiplied
from .storyboard import ASSETS, catalogue

DISPLAY = ("BebasNeue-Bold.otf", "LeagueSpartan-ExtraBold.otf")
TEXT = "Inter-Bold.otf"
ACCENTS: list[Color] = [(255, 214, 64), (94, 234, 212), (255, 122, 89), (160, 216, 255), (190, 242, 100)]
WHITE: Color = (255, 255, 255)
MODIFIERS = {0xFE0F, 0x200D, *range(0x1F3FB, 0x1F400)}


class Area(NamedTuple):
    """A rectangle in pixels."""

    x0: int
    y0: int
    x1: int
    y1: int


class Word(NamedTuple):
    """One word as premultiplied RGBA with its upper left corner, and the second at which it appears."""

    rgba: Pixels
    x: int
    y: int
    at: float


class Glyphs(NamedTuple):
    """A word to set: text, or the name of a subject drawn in its place."""

    text: str
    subject: str = ""


def type_area(width: int, height: int, aspect: str) -> Area:
    """Where the title may stand: clear of a phone's controls (right edge, bottom) and of the subject."""
    if aspect == "9:16":
        return Area(round(width * 0.075), round(height * 0.60), round(width * 0.86), round(height * 0.80))
    return Area(round(width * 0.06), round(height * 0.665), round(width * 0.94), round(height * 0.93))


@functools.lru_cache(maxsize=64)
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A vendored face."""
    content = io.BytesIO((ASSETS / "fonts" / name).read_bytes())
    return ImageFont.truetype(content, size, layout_engine=ImageFont.Layout.BASIC)


@functools.lru_cache(maxsize=4096)
def has_glyph(name: str, char: str) -> bool:
    """Whether the face can draw the character; a missing one would show as an empty box."""
    face = font(name, 24)
    mask, missing = face.getmask(char), face.getmask("\U0010ffff")
    return bool(mask.getbbox()) and (mask.size != missing.size or bytes(mask) != bytes(missing))


def glyphs(title: str, face: str) -> list[Glyphs]:
    """The title's words as far as the face and the subject art can draw them; nothing that would show as a box."""
    emoji = {
        subject.emoji.replace("\ufe0f", "")[0]: name for name, subject in catalogue().items() if subject.emoji != "-"
    }
    words: list[Glyphs] = []
    for token in title.split():
        text = ""
        for char in token:
            if ord(char) in MODIFIERS:
                continue
            shown = char if has_glyph(face, char) else char.upper()
            if char in emoji and ord(char) > 0x2000:
                words += [Glyphs(text)] if text else []
                words.append(Glyphs("", emoji[char]))
                text = ""
            elif all(has_glyph(face, part) for part in shown):
                text += shown
        words += [Glyphs(text)] if text else []
    return words


def pick_face(title: str, seed: int) -> str:
    """A display face by the seed, or the text face where the display face lacks letters of the title."""
    face = DISPLAY[random.Random(f"face {seed} {title}").randrange(len(DISPLAY))]
    letters = [char for char in title if char.isalpha()]
    missing = [char for char in letters if not has_glyph(face, char) and not has_glyph(face, char.upper())]
    return TEXT if any(has_glyph(TEXT, char) for char in missing) else face


def set_title(title: str, area: Area, seed: int, center: bool = False) -> list[Word]:
    """Lay the title out as large as the area allows, in at most three lines, standing on the area's lower edge."""
    face = pick_face(title, seed)
    words = glyphs(title.upper() if face == DISPLAY[0] else title, face)
    if not words:
        return []
    accent = random.Random(f"accent {seed} {title}").choice(ACCENTS)
    wide, tall = area.x1 - area.x0, area.y1 - area.y0
    for size in range(round(tall * 0.62), 11, -2):
        lines = _wrap(words, face, size, wide)
        leading = round(size * (0.94 if face == DISPLAY[0] else 1.06))
        if lines and len(lines) <= 3 and len(lines) * leading <= tall:
            while (narrower := _wrap(words, face, size, wide - 8)) and len(narrower) == len(lines):
                lines, wide = narrower, wide - 8  # balanced lines: no word is left alone
            return _place(lines, face, size, leading, area, accent, center)
    # One endless word: cut it rather than let it run off the frame.
    return set_title(title[: max(1, len(title) * 3 // 4)], area, seed, center)


def _width(word: Glyphs, face: str, size: int) -> int:
    if word.subject:
        return round(size * 0.9)
    return round(font(face, size).getlength(word.text)) + 1


def _wrap(words: list[Glyphs], face: str, size: int, wide: int) -> list[list[Glyphs]] | None:
    gap, lines, used = round(size * 0.22), [[words[0]]], _width(words[0], face, size)
    if used > wide:
        return None
    for word in words[1:]:
        need = _width(word, face, size)
        if need > wide:
            return None
        if used + gap + need <= wide:
            lines[-1].append(word)
            used += gap + need
        else:
            lines.append([word])
            used = need
    return lines


def _place(
    lines: list[list[Glyphs]], face: str, size: int, leading: int, area: Area, accent: Color, center: bool
) -> list[Word]:
    strong = max((word for line in lines for word in line), key=lambda word: len(word.text))
    many = sum(len(line) for line in lines) > 1
    placed: list[Word] = []
    top, gap = area.y1 - leading * len(lines), round(size * 0.22)
    for row, line in enumerate(lines):
        total = sum(_width(word, face, size) for word in line) + gap * (len(line) - 1)
        x = area.x0 + (area.x1 - area.x0 - total) // 2 if center else area.x0
        for word in line:
            color = accent if many and word is strong else WHITE
            rgba, pad = _word(word, face, size, color)
            placed.append(Word(rgba, x - pad, top + row * leading - pad, 0.06 + 0.085 * len(placed)))
            x += _width(word, face, size) + gap
    return placed


def _word(word: Glyphs, face: str, size: int, color: Color) -> tuple[Pixels, int]:
    pad = max(4, size // 7)
    wide, tall = _width(word, face, size) + 2 * pad, round(size * 1.06) + 2 * pad
    layer = Image.new("RGBA", (wide, tall))
    if word.subject:
        picture = art(word.subject).copy()
        picture.thumbnail((round(size * 0.9), round(size * 0.9)), Image.Resampling.LANCZOS)
        layer.paste(picture, (pad, pad + round(size * 0.05)))
    else:
        ImageDraw.Draw(layer).text((pad, pad + round(size * 0.84)), word.text, (*color, 255), font(face, size), "ls")
    dark = Image.new("RGBA", layer.size)
    dark.putalpha(
        layer.getchannel("A")
        .filter(ImageFilter.GaussianBlur(size / 14))
        .point([min(255, round(a * 0.85)) for a in range(256)])
    )
    shifted = Image.new("RGBA", layer.size)
    shifted.paste(dark, (0, max(1, size // 28)))
    return premultiplied(np.asarray(Image.alpha_composite(shifted, layer))), pad


def draw_title(frame: Pixels, words: list[Word], t: float) -> None:
    """The words that have appeared by second `t`, each sliding up into place."""
    import cv2

    for word in words:
        arrived = min(1.0, max(0.0, (t - word.at) / 0.22))
        if arrived <= 0:
            continue
        ease = 1 - (1 - arrived) ** 3
        rgba = word.rgba if arrived >= 1 else cv2.convertScaleAbs(word.rgba, alpha=ease)
        blend(frame, rgba, word.x, word.y + round((1 - ease) * 26))


def label(width: int, height: int, shot: str) -> tuple[Pixels, int, int]:
    """The label ANIMATIC in a dark pill with the shot's number and move beside it, and its place in the frame."""
    unit = min(width, height) / 544
    size, pad = round(19 * unit), round(9 * unit)
    face, small = font(TEXT, size), font(TEXT, round(15 * unit))
    text = "ANIMATIC"
    long = round(face.getlength(text))
    wide, tall = long + 4 * pad + round(small.getlength(shot)) + size, size + 2 * pad
    layer = Image.new("RGBA", (wide * 2, tall * 2))
    draw = ImageDraw.Draw(layer)
    draw.rounded_rectangle((0, 0, (long + 2 * pad + size) * 2, tall * 2 - 1), tall, fill=(12, 14, 22, 190))
    draw.ellipse((pad * 2, tall - size * 0.3, pad * 2 + size * 0.6, tall + size * 0.3), fill=(255, 92, 74, 255))
    layer = layer.reduce(2)
    draw = ImageDraw.Draw(layer)
    draw.text((pad + round(size * 0.6), tall / 2), text, (255, 255, 255, 255), face, "lm")
    x = long + 2 * pad + size + pad
    draw.text((x + 1, tall / 2 + 1), shot, (0, 0, 0, 150), small, "lm")
    draw.text((x, tall / 2), shot, (255, 255, 255, 225), small, "lm")
    return premultiplied(np.asarray(layer)), round(width * 0.06), round(height * 0.055)
