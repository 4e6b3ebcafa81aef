"""Type: the title in a display face, word by word, and the small label that says what this is."""

import functools
import io
import random
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from .casting import ASSETS, catalogue
from .paint import Color, Pixels
from .sprites import art, blend, premultiplied

DISPLAY = ("BebasNeue-Bold.otf", "LeagueSpartan-ExtraBold.otf")
TEXT = "Inter-Bold.otf"
IDEOGRAPHS = "DroidSansFallback-subset.ttf"  # Chinese, Japanese and Korean, set beside the other faces
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
    """One word as premultiplied RGBA with its upper left corner, and the second at which it jumps.

    `pad` is the room around the letters that their shadow takes.
    """

    rgba: Pixels
    x: int
    y: int
    at: float
    pad: int


class Glyphs(NamedTuple):
    """A word to set: text, or the name of a subject drawn in its place; a `glued` one follows without a space."""

    text: str
    subject: str = ""
    glued: bool = False


def type_area(width: int, height: int, aspect: str, top: bool = False) -> Area:
    """Where the title may stand: clear of a phone's controls (right edge, bottom) and of the subject."""
    if aspect == "9:16" and top:
        return Area(round(width * 0.06), round(height * 0.112), round(width * 0.94), round(height * 0.305))
    if aspect == "9:16":
        return Area(round(width * 0.06), round(height * 0.605), round(width * 0.87), round(height * 0.805))
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
            elif has_glyph(IDEOGRAPHS, char):  # a line may break before every one of them
                words += [Glyphs(text)] if text else []
                words.append(Glyphs(char, glued=char is not token[0]))
                text = ""
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
    title = title[:160]  # more never fits in three lines, and trying costs seconds
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
    return round(_face(word, face, size).getlength(word.text)) + 1


def _face(word: Glyphs, face: str, size: int) -> ImageFont.FreeTypeFont:
    return font(face if has_glyph(face, word.text[0]) else IDEOGRAPHS, size)


def _wrap(words: list[Glyphs], face: str, size: int, wide: int) -> list[list[Glyphs]] | None:
    gap, lines, used = round(size * 0.22), [[words[0]]], _width(words[0], face, size)
    if used > wide:
        return None
    for word in words[1:]:
        need, space = _width(word, face, size), 0 if word.glued else gap
        if need > wide:
            return None
        if used + space + need <= wide:
            lines[-1].append(word)
            used += space + need
        else:
            lines.append([word])
            used = need
    return lines


def _place(
    lines: list[list[Glyphs]], face: str, size: int, leading: int, area: Area, accent: Color, center: bool
) -> list[Word]:
    strong = max((word for line in lines for word in line), key=lambda word: len(word.text))
    many = sum(len(line) for line in lines) > 1 and not strong.glued and len(strong.text) != 1
    placed: list[Word] = []
    top, gap = area.y1 - leading * len(lines), round(size * 0.22)
    for row, line in enumerate(lines):
        total = sum(_width(word, face, size) for word in line) + gap * sum(not word.glued for word in line[1:])
        x = area.x0 + (area.x1 - area.x0 - total) // 2 if center else area.x0
        for column, word in enumerate(line):
            x += gap if column and not word.glued else 0
            color = accent if many and word is strong else WHITE
            rgba, pad = _word(word, face, size, color)
            placed.append(Word(rgba, x - pad, top + row * leading - pad, 0.05 + 0.11 * len(placed), pad))
            x += _width(word, face, size)
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
        bold = 0 if has_glyph(face, word.text[0]) else max(1, size // 26)  # that face comes in one weight
        place = (pad, pad + round(size * 0.84))
        draw = ImageDraw.Draw(layer)
        draw.text(place, word.text, (*color, 255), _face(word, face, size), "ls", stroke_width=bold)
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
    """The title, whole from the first frame on; word after word jumps up a little, to lead the eye."""
    import cv2

    for word in words:
        share = (t - word.at) / 0.30
        if not 0 < share < 1:
            blend(frame, word.rgba, word.x, word.y)
            continue
        size = 1 + 0.04 * np.sin(np.pi * share)
        rgba = cv2.resize(word.rgba, None, fx=size, fy=size, interpolation=cv2.INTER_LINEAR)
        aside, up = (rgba.shape[1] - word.rgba.shape[1]) // 2, (rgba.shape[0] - word.rgba.shape[0]) // 2
        blend(frame, rgba, word.x - aside, word.y - up - round(word.rgba.shape[0] * 0.07 * np.sin(np.pi * share)))


def extent(words: list[Word]) -> Area:
    """The rectangle that the letters take."""
    return Area(
        min(word.x + word.pad for word in words),
        min(word.y + word.pad for word in words),
        max(word.x + word.rgba.shape[1] - word.pad for word in words),
        max(word.y + word.rgba.shape[0] - word.pad for word in words),
    )


def label(width: int, height: int, shot: str) -> tuple[Pixels, int, int]:
    """The label ANIMATIC with the shot's number and move in a dark pill, and its place in the frame."""
    unit = min(width, height) / 544
    size, pad = round(19 * unit), round(9 * unit)
    face, small = font(TEXT, size), font(TEXT, round(14 * unit))
    text = "ANIMATIC"
    long = round(face.getlength(text))
    wide, tall = long + 4 * pad + round(small.getlength(shot)) + size, size + 2 * pad
    layer = Image.new("RGBA", (wide * 2, tall * 2))
    draw = ImageDraw.Draw(layer)
    draw.rounded_rectangle((0, 0, wide * 2 - 1, tall * 2 - 1), tall, fill=(12, 14, 22, 205))
    draw.ellipse((pad * 2, tall - size * 0.36, pad * 2 + size * 0.72, tall + size * 0.36), fill=(255, 92, 74, 255))
    layer = layer.reduce(2)
    draw = ImageDraw.Draw(layer)
    draw.text((pad + round(size * 0.7), tall / 2), text, (255, 255, 255, 255), face, "lm")
    draw.text((long + 2 * pad + size, tall / 2), shot, (214, 220, 232, 255), small, "lm")
    return premultiplied(np.asarray(layer)), round(width * 0.06), round(height * 0.055)
