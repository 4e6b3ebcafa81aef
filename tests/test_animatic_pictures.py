"""What a designer looks for in the animatic, on twenty clips: a subject that is seen, type that is read, variety."""

import itertools
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from popcorn_agents.evaluation.benchmarks.animatic_requests import TWENTY, Written
from popcorn_agents.tools.renderers import RenderRequest, Spec, animatic, lettering, staging
from popcorn_agents.tools.renderers.casting import acts, catalogue, company
from popcorn_agents.tools.renderers.habits import EMOJI, HOMES, RIDES, STILL, TRAVELLERS
from popcorn_agents.tools.renderers.scenes import PAINTERS
from popcorn_agents.tools.renderers.storyboard import Storyboard, storyboard

QUERIES = [written.query[:40] for written in TWENTY]
NEAR_TOP, NEAR_SIDE = 0.05, 0.02  # of the frame: where a phone's own signs are


class Drawn(NamedTuple):
    """A clip: its first frame as it is, without type and without subject, and all frames small."""

    board: Storyboard
    first: np.ndarray
    untitled: np.ndarray
    empty: np.ndarray
    small: np.ndarray


def asked(written: Written) -> tuple[RenderRequest, Spec, Storyboard]:
    request = RenderRequest(prompt=written.prompt, title=written.title, cover_prompt=written.cover_prompt)
    spec = animatic.plan(request)
    return request, spec, storyboard(request.prompt, request.title, request.seed, spec.frames, spec.fps)


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Relative luminance of sRGB, 0 to 1."""
    share = rgb.astype(np.float32) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array((0.2126, 0.7152, 0.0722), np.float32))


@pytest.fixture(scope="module")
def twenty() -> list[Drawn]:
    clips = []
    for written in TWENTY:
        request, spec, board = asked(written)
        frames = animatic.frames(board, request, spec)
        first = next(frames).copy()
        small = [
            cv2.resize(frame, (68, 120), interpolation=cv2.INTER_AREA) for frame in itertools.chain([first], frames)
        ]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lettering, "draw_title", lambda *args: None)
            untitled = next(animatic.frames(board, request, spec)).copy()
            patch.setattr(staging, "draw_subjects", lambda *args: None)
            empty = next(animatic.frames(board, request, spec)).copy()
        clips.append(Drawn(board, first, untitled, empty, np.stack(small)))
    return clips


def changed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(a.astype(int) - b).max(axis=2) > 24)


@pytest.mark.slow
def test_the_subject_is_large_stands_out_and_keeps_clear_of_the_type(twenty: list[Drawn]) -> None:
    for query, clip in zip(QUERIES, twenty, strict=True):
        if not clip.board.subjects:
            continue
        height, width = clip.first.shape[:2]
        subject, type_ = changed(clip.untitled, clip.empty), changed(clip.first, clip.untitled)
        assert subject.mean() > 0.07, f"{query}: {subject.mean():.3f} of the frame"
        assert np.abs(clip.untitled.astype(int) - clip.empty)[subject].mean() > 32, query
        rows, columns = np.nonzero(subject)
        bulk = np.percentile(columns, 1), np.percentile(columns, 99), np.percentile(rows, 1)
        assert bulk[0] > NEAR_SIDE * width, query
        assert bulk[1] < (1 - NEAR_SIDE) * width, query
        assert bulk[2] > NEAR_TOP * height, query
        assert (subject & type_).sum() < 0.12 * type_.sum(), query


@pytest.mark.slow
def test_the_title_is_whole_legible_and_clear_of_a_phones_controls_from_the_first_frame(twenty: list[Drawn]) -> None:
    for written, clip in zip(TWENTY, twenty, strict=True):
        height, width = clip.first.shape[:2]
        rows, columns = np.nonzero(changed(clip.first, clip.untitled))
        assert 0.10 * height < rows.min(), written.query
        assert rows.max() < 0.83 * height, written.query
        assert columns.min() > 0.04 * width, written.query
        right = 0.96 if clip.board.title_top else 0.89  # buttons stand beside the lower half
        assert columns.max() < right * width, written.query
        behind = luminance(clip.untitled[rows.min() : rows.max(), columns.min() : columns.max()])
        assert 1.05 / (np.percentile(behind, 90) + 0.05) > 3, f"{written.query}: white type on too bright a ground"


@pytest.mark.slow
def test_no_two_clips_look_alike(twenty: list[Drawn]) -> None:
    seen = [clip.small[[6, 36, 66]].astype(int) for clip in twenty]
    for (i, a), (j, b) in itertools.combinations(enumerate(seen), 2):
        assert np.abs(a - b).mean() > 16, f"{QUERIES[i]} and {QUERIES[j]}"
    assert len({clip.board.setting for clip in twenty}) >= 12
    assert len({clip.board.subjects[:1] for clip in twenty}) >= 18


@pytest.mark.slow
def test_nothing_jumps_or_stands_still_between_cuts(twenty: list[Drawn]) -> None:
    for query, clip in zip(QUERIES, twenty, strict=True):
        for shot in clip.board.shots:
            steps = np.abs(np.diff(clip.small[shot.start : shot.end].astype(int), axis=0)).mean(axis=(1, 2, 3))
            if clip.board.transform and shot is clip.board.shots[-1]:
                steps = steps[3:]  # its flash
            assert steps.max() < 12, f"{query}: {steps.max():.1f} at {shot.start + int(steps.argmax())}"
            assert steps.max() < 6 * np.median(steps) + 1.5, f"{query}: {steps.max():.1f} of {np.median(steps):.1f}"
            assert steps.min() > 0.05, query


def board_of(prompt: str, title: str = "") -> Storyboard:
    return storyboard(prompt, title, 7, 72, 24)


def test_the_title_weighs_more_than_what_the_prompt_drifts_to() -> None:
    board = board_of("The moon rises over a city street and a wooden figure dreams.", "🐶🛹")
    assert (board.subjects[0], board.ride, board.setting) == ("dog", "skateboard", "street")
    assert board_of("The last car crashes.", "The Nurse").subjects[0] == "nurse"


def test_a_named_place_without_a_subject_is_shown_itself() -> None:
    board = board_of("city at night")
    assert (board.subjects, board.setting, board.time) == ((), "city", "night")
    assert {shot.framing for shot in board.shots} <= {"wide", "medium"}


def test_subjects_are_at_home_where_nothing_names_a_place() -> None:
    assert board_of("cats").setting in ("livingroom", "meadow")
    assert board_of("Sushi, shallow depth of field").setting == "cafe"  # a field of focus is no meadow
    assert board_of("A knight raises a sword").setting == "castle"


def test_things_neither_fight_nor_ride_nor_change_in_passing() -> None:
    assert not board_of("A ring and a bowl of ramen, the final battle").duel
    duel = board_of("A ring, a dragon and a knight battle")
    assert duel.duel
    assert set(duel.subjects) == {"dragon", "knight"}
    assert not board_of("A burger in a diner that has been transformed").transform


def test_nobody_stands_toy_sized_beside_a_thing() -> None:
    assert company(("ramen", "child", "coffee", "bed")) == ("ramen", "coffee")
    assert company(("race-car", "car")) == ("race-car",)
    assert company(("grandma", "dancer")) == ("grandma", "dancer")


def test_one_setting_is_another_place_for_another_prompt() -> None:
    first, second = board_of("A red apple in a studio"), board_of("A green lamp in a studio")
    assert first.setting == second.setting == "studio"
    assert first.mood != second.mood


def test_habits_name_what_exists() -> None:
    names = set(catalogue())
    words = {word for subject in catalogue().values() for word in subject.words}
    for listed in (STILL, TRAVELLERS, RIDES, *HOMES.values()):
        assert set(listed.split(", ")) <= names, set(listed.split(", ")) - names
    assert set(HOMES) <= set(PAINTERS)
    assert set(EMOJI.values()) <= words, set(EMOJI.values()) - words
    assert acts("cat")
    assert not acts("bank")


def test_a_traveller_is_passed_by_its_setting_and_a_cover_keeps_the_clips_place() -> None:
    request = RenderRequest(prompt="A runner in a meadow at sunset", title="Run", cover_prompt="A runner smiles")
    board = board_of(request.prompt, request.title)
    assert board.travels
    own = storyboard(request.cover_prompt, request.title, 7, 72, 24, board)
    assert (own.subjects, own.setting, own.time, own.mood) == (("runner",), "meadow", "sunset", board.mood)


@pytest.mark.parametrize("aspect", ["16:9", "1:1"])
def test_a_title_below_a_bust_stands_on_shade_in_every_aspect(aspect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    request = RenderRequest(prompt="A nurse in a hospital", title="A Day in My Life as a Nurse", aspect=aspect)
    spec = animatic.plan(request)
    monkeypatch.setattr(lettering, "draw_title", lambda *args: None)
    board = board_of(request.prompt, request.title)
    frame = next(animatic.frames(board, request, spec))
    area = lettering.type_area(spec.width, spec.height, aspect)
    behind = luminance(frame[area.y0 : area.y1, area.x0 : area.x1])
    assert 1.05 / (np.percentile(behind, 90) + 0.05) > 3.5


def test_an_endless_title_is_cut_before_it_costs_time(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []
    real = lettering.glyphs
    monkeypatch.setattr(lettering, "glyphs", lambda title, face: lengths.append(len(title)) or real(title, face))
    words = lettering.set_title("x" * 10_000, lettering.type_area(544, 960, "9:16"), 7)
    assert words
    assert max(lengths) <= 160
