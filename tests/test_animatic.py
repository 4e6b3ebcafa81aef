"""The animatic: prompt to storyboard, type that fits, a label that shows, and clips that repeat byte for byte."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from popcorn_agents.tools.renderers import RenderRequest, animatic, lettering, render
from popcorn_agents.tools.renderers.casting import catalogue, nearest_subject
from popcorn_agents.tools.renderers.scenes import PAINTERS, paint_set
from popcorn_agents.tools.renderers.sprites import art
from popcorn_agents.tools.renderers.storyboard import Storyboard, storyboard
from popcorn_agents.tools.video import decode_frames, probe

GOKU = RenderRequest(
    prompt="Goku on a rocky wasteland, golden aura as he transforms into a super saiyan, the camera orbits",
    title="Goku Goes Beyond Super Saiyan",
    cover_prompt="Goku with golden hair and lightning",
    seconds=1.0,
)
LONG = "Nobody Expected What This Grandmother Built Today!"


def board_of(prompt: str, title: str = "", seed: int = 7) -> Storyboard:
    return storyboard(prompt, title, seed, 72, 24)


def first_frames(request: RenderRequest, count: int) -> list[np.ndarray]:
    spec = animatic.plan(request)
    board = storyboard(request.prompt, request.title, request.seed, spec.frames, spec.fps)
    return list(itertools.islice(animatic.frames(board, request, spec), count))


@pytest.mark.parametrize(
    ("prompt", "hero", "setting", "time"),
    [
        ("Goku unleashes a golden aura in a rocky wasteland", "fighter", "wasteland", "sunset"),
        ("A street food vendor tosses noodles in a wok at a night market", "wok", "market", "night"),
        ("Close-up of a steaming bowl of ramen on a kitchen counter", "ramen", "kitchen", "day"),
        ("A golden retriever puppy jumps in fresh snow", "dog", "snow", "day"),
        ("A child walks into a classroom at dawn", "child", "classroom", "dawn"),
        ("A dancer on stage under spotlights", "dancer", "stage", "night"),
        ("A shark glides over a coral reef underwater", "shark", "underwater", "day"),
        ("An astronaut floats in space above a planet", "astronaut", "space", "night"),
    ],
)
def test_words_choose_subject_setting_and_light(prompt: str, hero: str, setting: str, time: str) -> None:
    board = board_of(prompt)
    assert (board.subjects[0], board.setting, board.time) == (hero, setting, time)


def test_a_setting_can_be_the_subject() -> None:
    board = board_of("A volcano erupting at night, lava and ash")
    assert (board.setting, board.subjects) == ("volcano", ())


def test_film_craft_is_no_subject() -> None:
    assert "vintage-camera" not in board_of("The camera pans over a dog in the park, cinematic film look").subjects


def test_camera_words_become_moves_in_their_order() -> None:
    moves = [shot.move for shot in board_of("The camera pans across, then tilts up, then zooms in on a cat").shots]
    assert moves[:2] == ["pan", "tilt"]


@pytest.mark.parametrize("seed", range(6))
def test_shots_cover_the_clip_without_gaps(seed: int) -> None:
    shots = board_of("A cat in a garden", seed=seed).shots
    assert len(shots) in (2, 3)
    assert [shots[0].start, shots[-1].end] == [0, 72]
    assert all(a.end == b.start and a.end - a.start >= 8 for a, b in itertools.pairwise(shots))


def test_riding_dueling_and_transforming_are_seen() -> None:
    ride, duel = board_of("A cat rides on a skateboard"), board_of("Two robot vacuums duel in the living room")
    assert (ride.subjects[0], ride.ride) == ("cat", "skateboard")
    assert (duel.subjects[0], duel.duel, duel.setting) == ("robot-vacuum", True, "livingroom")
    assert [shot.power for shot in board_of("A makeover, before and after, of a dress").shots] == [0.0, 0.5, 1.0]


def test_effects_come_from_words() -> None:
    assert "rain" in board_of("A man walks in the rain").effects
    assert "aura" in board_of("Golden energy aura around a warrior").effects
    assert board_of("A red apple").effects == ()


@pytest.mark.slow
def test_unknown_words_find_a_subject_by_meaning() -> None:
    assert nearest_subject("a pooch barking at the postman") in ("dog", "poodle", "doggo-face", "letter")
    assert len(board_of("the quick resolution of interpersonal ambiguity").subjects) == 1


def test_every_subject_has_its_art() -> None:
    for name in catalogue():
        assert art(name).getchannel("A").getbbox(), name


def test_every_setting_paints_at_every_time() -> None:
    for name, time in itertools.product(PAINTERS, ("day", "night")):
        layers = paint_set(name, time, 136, 240, 7)
        assert layers[0].alpha is None
        assert layers[0].rgb[:60].mean() < 235, f"{name} by {time} is burnt out"


@pytest.mark.parametrize("aspect", ["9:16", "16:9", "1:1"])
@pytest.mark.parametrize("title", [LONG, "W", "Incomprehensibilities of Antidisestablishmentarian", "OK 🐶 Puppy?"])
def test_type_stays_inside_its_area(aspect: str, title: str) -> None:
    width, height = animatic.SIZES[aspect]
    area = lettering.type_area(width, height, aspect)
    words = lettering.set_title(title, area, 7)
    blank = np.zeros((height, width, 3), np.uint8)
    lettering.draw_title(blank, words, 99.0)
    rows, columns = np.nonzero(blank.max(axis=2) > 60)
    assert len(rows) > 50
    assert area.x0 - 2 <= columns.min()
    assert columns.max() <= area.x1 + 2
    assert area.y0 - 4 <= rows.min()
    assert rows.max() <= area.y1 + 8
    assert len({word.y for word in words}) <= 3


def test_titles_never_show_empty_boxes() -> None:
    assert [word.text for word in lettering.glyphs("नमस्ते مرحبا hi", lettering.TEXT)] == ["hi"]
    assert lettering.set_title("नमस्ते", lettering.type_area(544, 960, "9:16"), 7) == []
    assert [word.subject for word in lettering.glyphs("🐶 🍕", lettering.TEXT)] == ["doggo-face", "pizza"]


@pytest.mark.parametrize("title", ["東京の夜の散歩", "한국 길거리 음식", "街头美食 vlog"])
def test_chinese_japanese_and_korean_titles_are_set_whole(title: str) -> None:
    area = lettering.type_area(544, 960, "9:16")
    words = lettering.set_title(title, area, 7)
    assert len(words) == len([char for char in title if ord(char) > 0x2000]) + ("vlog" in title)
    box = lettering.extent(words)
    assert area.x0 - 2 <= box.x0
    assert box.x1 <= area.x1 + 2
    assert len({word.y for word in words}) <= 3


def test_greek_and_cyrillic_are_set_in_a_face_that_has_them() -> None:
    for title in ("Привет мир", "Καλημέρα κόσμε"):
        face = lettering.pick_face(title, 7)
        assert all(lettering.has_glyph(face, char) for char in title if char.isalpha())
    assert lettering.pick_face("Hello", 7) in lettering.DISPLAY


@pytest.mark.parametrize("aspect", ["9:16", "16:9", "1:1"])
def test_the_label_shows_in_every_aspect(aspect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    request = GOKU.model_copy(update={"aspect": aspect})
    pill, x, y = lettering.label(*animatic.SIZES[aspect], "SHOT 1/2")
    with_label = first_frames(request, 1)[0]
    monkeypatch.setattr(lettering, "label", lambda *args: (np.zeros_like(pill), x, y))
    without = first_frames(request, 1)[0]
    changed = np.abs(with_label.astype(int) - without).max(axis=2) > 40
    assert changed[y : y + pill.shape[0], x : x + pill.shape[1]].sum() > 500
    assert changed.sum() == changed[y : y + pill.shape[0], x:].sum()


def test_a_transformation_changes_the_picture() -> None:
    frames = first_frames(GOKU.model_copy(update={"title": ""}), 24)
    golden = [((f[..., 0] > 180) & (f[..., 1] > 140) & (f[..., 2] < 150)).mean() for f in (frames[2], frames[22])]
    assert golden[1] > 4 * golden[0]


def test_a_clip_is_exact_and_says_what_it_is(tmp_path: Path) -> None:
    clip = render(GOKU, "animatic", tmp_path)
    info = probe(clip.path)
    assert (info.width, info.height, info.fps, info.frames, info.seconds) == (544, 960, 24.0, 24, 1.0)
    assert info.bt709
    assert info.metadata["title"] == GOKU.title
    assert info.metadata["comment"].startswith("AI-generated animatic")
    assert (info.metadata["popcorn_seed"], info.metadata["popcorn_kind"]) == ("7", "animatic")
    with Image.open(clip.cover_path) as cover:
        assert cover.size == (544, 960)


@pytest.mark.slow
def test_equal_requests_give_equal_bytes_and_seeds_differ(tmp_path: Path) -> None:
    clips = [render(GOKU, "animatic", tmp_path / name) for name in ("a", "b")]
    assert clips[0].checks["unsigned_sha256"] == clips[1].checks["unsigned_sha256"]  # a signature is never made twice
    assert clips[0].cover_path.read_bytes() == clips[1].cover_path.read_bytes()
    other = render(GOKU.model_copy(update={"seed": 8}), "animatic", tmp_path / "c")
    ours, theirs = (list(decode_frames(clip.path, long_side=240)) for clip in (clips[0], other))
    assert np.mean([np.abs(a.astype(int) - b).mean() for a, b in zip(ours, theirs, strict=True)]) > 5


def test_pictures_are_neither_dark_nor_burnt_out() -> None:
    for prompt in ("A dog on a sunny beach", "A cat in a night city", "A burger in a studio", "Snow on a mountain"):
        frame = first_frames(RenderRequest(prompt=prompt), 3)[2]
        assert 40 < frame[:530].mean() < 205, prompt
        assert (frame.min(axis=2) > 250).mean() < 0.03, prompt
