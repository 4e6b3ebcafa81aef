"""Who stands where: the subjects of a shot, their size, their shadows and how they move."""

from typing import NamedTuple

import numpy as np

from .camera import View
from .effects import Box
from .paint import LIGHTS, Light, Pixels
from .sprites import Placing, Sprite, art, dressed, put, recoloured, screen, shadow_sprite
from .storyboard import Framing, Shot, Storyboard, catalogue

SIZE: dict[Framing, float] = {"wide": 0.62, "medium": 0.86, "close": 1.04}
# Sets with lamps of their own light the subject otherwise than the sky does.
LAMPS: dict[str, Light] = {
    "gaming": Light(LIGHTS["night"].sky, (0.86, 0.80, 0.98), (255, 120, 220)),
    "market": Light(LIGHTS["night"].sky, (0.98, 0.86, 0.72), (255, 190, 110)),
    "stage": Light(LIGHTS["night"].sky, (0.98, 0.86, 0.92), (255, 200, 235)),
    "stadium": Light(LIGHTS["night"].sky, (0.94, 0.95, 0.98), (235, 242, 255)),
    "volcano": Light(LIGHTS["night"].sky, (0.98, 0.76, 0.64), (255, 130, 60)),
    "space": Light(LIGHTS["night"].sky, (0.86, 0.88, 1.0), (170, 200, 255)),
}
INDOOR_NIGHT = Light(LIGHTS["night"].sky, (0.94, 0.82, 0.72), (255, 200, 130))
INDOORS = ("kitchen", "livingroom", "bedroom", "classroom", "library", "office", "gym", "boutique", "studio")
POWERED = {"fighter": "fighter-powered"}


class Layout(NamedTuple):
    """Where things go in a frame, in pixels."""

    width: int
    height: int
    foot: float
    tall: float
    wide: float


class Cast(NamedTuple):
    """The sprites of a clip; `after` replaces `hero` once a transformation is through."""

    hero: Sprite | None
    after: Sprite | None
    second: Sprite | None
    ride: Sprite | None
    shadow: Sprite
    stage: str
    second_stage: str


def layout(width: int, height: int, aspect: str) -> Layout:
    """The subject keeps to the upper 55 % of a tall frame, above the type."""
    if aspect == "9:16":
        return Layout(width, height, 0.550 * height, 0.435 * height, 0.80 * width)
    return Layout(width, height, 0.610 * height, 0.475 * height, 0.70 * width)


def key_light(board: Storyboard) -> Light:
    """The light on the subject: the set's own lamps where it has them, else the time of day's."""
    if board.time == "night" and board.setting in INDOORS:
        return INDOOR_NIGHT
    lamp = LAMPS.get(board.setting)
    return lamp if lamp and (board.time == "night" or board.setting != "stadium") else LIGHTS[board.time]


def cast(board: Storyboard, plan: Layout, scale: float = 1.0) -> Cast:
    """Dress the subjects for the set's light."""
    light = key_light(board)
    pair = board.duel
    box = (
        plan.wide * (0.56 if pair else 1.0) * scale,
        plan.tall * (0.62 if board.ride else 0.80 if pair else 1.0) * scale,
    )
    hero = board.subjects[0] if board.subjects else None
    second = board.subjects[1] if len(board.subjects) > 1 else (hero if pair else None)
    return Cast(
        hero=dressed(art(hero), light, box, before=board.transform and hero not in POWERED) if hero else None,
        after=_after(hero, light, box) if hero and board.transform else None,
        second=dressed(
            recoloured(art(second)) if second == hero else art(second),
            light,
            box if pair else (box[0] * 0.42, box[1] * 0.42),
        )
        if second
        else None,
        ride=dressed(art(board.ride, level=True), light, (plan.wide * 0.9, plan.tall * 0.34)) if board.ride else None,
        shadow=shadow_sprite(200, 40),
        stage=catalogue()[hero].stage if hero else "g",
        second_stage=catalogue()[second].stage if second else "g",
    )


def _after(hero: str, light: Light, box: tuple[float, float]) -> Sprite:
    bright = light._replace(tint=(1.0, 0.98, 0.92), rim=(255, 236, 160))
    return dressed(art(POWERED.get(hero, hero)), bright, box)


def subject_box(plan: Layout, shot: Shot, at: View, sprite: Sprite | None, bust: bool = False) -> Box:
    """Where the subject is in this frame."""
    share = max(SIZE[shot.framing], 0.86 if bust else 0.0)
    size = share * (1 + (at.zoom - 1) * 0.5)
    if sprite is None:
        return Box(plan.width / 2, plan.foot, plan.wide * 0.7, plan.tall * 0.8)
    tall, wide = sprite.height * size, sprite.width * size
    room = min(1.0, plan.tall * 1.04 / tall, plan.wide * 1.06 / wide)
    third = (0.11 if shot.flip else -0.11) if shot.framing == "wide" else 0.0  # off centre, as a wide shot is composed
    x = plan.width * (0.5 + third + at.dx)
    return Box(x, plan.foot + at.dy * plan.height * 0.5, wide * room, tall * room)


def draw_subjects(frame: Pixels, board: Storyboard, actors: Cast, plan: Layout, shot: Shot, at: View, t: float) -> None:
    """The subjects, their shadows and their motion at second `t`, in place."""
    done = actors.after is not None and shot.power >= 0.99
    sprite = actors.after if done else actors.hero
    if sprite is None:
        return
    box = subject_box(plan, shot, at, sprite, actors.stage == "b")
    if board.duel and actors.second is not None:
        _duel(frame, sprite, actors, box, plan, t)
        return
    if actors.second is not None and shot.framing != "close" and not board.ride:
        _second(frame, actors, box, shot, t)
    if actors.ride is not None:
        _ride(frame, sprite, actors, box, shot, t)
        return
    move = _motion(actors.stage, box, t, shot, board)
    if actors.stage == "b":
        move = move._replace(foot=box.foot + (0.54 * plan.height - plan.foot))  # a little below the table's far edge
    elif actors.stage in ("g", "t"):
        _shadow(frame, actors, box.x, box.foot, box.w * 1.05, box.foot - move.foot)
    put(frame, sprite, move._replace(scale=move.scale * box.h / sprite.height))


def _motion(stage: str, box: Box, t: float, shot: Shot, board: Storyboard) -> Placing:
    if board.transform and 0 < shot.power < 0.99:
        return Placing(
            box.x + 2.4 * np.sin(t * 61), box.foot, 1.0 + 0.008 * np.sin(t * 40), 1.0
        )  # trembling with power
    if stage == "g":
        hop = abs(np.sin(t * 5.2))
        return Placing(
            box.x, box.foot - box.h * 0.028 * hop, 1.0, 0.985 + 0.028 * hop, 1.5 * np.sin(t * 2.6), shot.flip
        )
    if stage in ("t", "b"):
        return Placing(box.x, box.foot + 1, 1.0, 1.0 + 0.008 * np.sin(t * 4), 1.2 * np.sin(t * 2.2))
    if stage == "w":
        return Placing(
            box.x, box.foot - box.h * (0.05 + 0.03 * np.sin(t * 3)), 1.0, 1.0, 4 * np.sin(t * 2.4), shot.flip
        )
    return Placing(box.x, box.foot - box.h * (0.06 + 0.022 * np.sin(t * 3.2)), 0.9, 1.0, 3 * np.sin(t * 2), False)


def _shadow(frame: Pixels, actors: Cast, x: float, foot: float, wide: float, lift: float) -> None:
    scale = wide / 200 * (1 - min(0.3, lift / 200))
    put(frame, actors.shadow, Placing(x, foot + 10 * scale, scale, 0.9))


def _second(frame: Pixels, actors: Cast, box: Box, shot: Shot, t: float) -> None:
    assert actors.second is not None  # noqa: S101  (narrowing for the type checker; the caller looked)
    side = 1 if box.x <= frame.shape[1] / 2 + 1 and not (shot.flip and shot.framing != "wide") else -1
    scale = min(1.0, box.h * 0.46 / actors.second.height)
    x = min(
        max(box.x + side * (box.w * 0.40 + actors.second.width * scale * 0.35), actors.second.width * scale * 0.6),
        frame.shape[1] - actors.second.width * scale * 0.6,
    )
    foot = (
        box.foot + box.h * 0.015
        if actors.second_stage in ("g", "t")
        else box.foot - box.h * (0.62 + 0.03 * np.sin(t * 3))
    )
    if actors.second_stage in ("g", "t"):
        _shadow(frame, actors, x, foot, actors.second.width * scale * 1.05, 0)
    put(frame, actors.second, Placing(x, foot, scale, 1.0 + 0.012 * np.sin(t * 6), 2 * np.sin(t * 3)))


def _ride(frame: Pixels, sprite: Sprite, actors: Cast, box: Box, shot: Shot, t: float) -> None:
    assert actors.ride is not None  # noqa: S101  (as above)
    tilt, bump = 2.5 * np.sin(t * 4.4), abs(np.sin(t * 9)) * 2.5
    scale = min(1.0, box.w * 1.25 / actors.ride.width)
    foot = box.foot - bump
    _shadow(frame, actors, box.x, box.foot, actors.ride.width * scale * 1.05, bump)
    put(frame, actors.ride, Placing(box.x, foot, scale, 1.0, tilt, shot.flip))
    seat = foot - actors.ride.height * scale * 0.62
    put(frame, sprite, Placing(box.x, seat, box.h / sprite.height, 1.0 + 0.02 * np.sin(t * 9), tilt * 1.6, shot.flip))


def _duel(frame: Pixels, sprite: Sprite, actors: Cast, box: Box, plan: Layout, t: float) -> None:
    assert actors.second is not None  # noqa: S101  (as above)
    clash = 0.5 + 0.5 * np.sin(t * 6.0)
    for side, fighter in ((-1, sprite), (1, actors.second)):
        scale = min(box.h / sprite.height, plan.width * 0.455 / fighter.width)
        x = plan.width / 2 + side * (fighter.width * scale * 0.51 + plan.wide * 0.035 * (1 - clash))
        hop = 6 * abs(np.sin(t * 7 + side))
        _shadow(frame, actors, x, box.foot, fighter.width * scale, hop)
        put(frame, fighter, Placing(x, box.foot - hop, scale, 1.0, -side * 5 * clash, side > 0))


def glory(frame: Pixels, box: Box) -> None:
    """A soft light behind what has been transformed, in place."""
    reach = int(box.h * 0.95)
    y, x = np.mgrid[-1 : 1 : 2j * reach, -1 : 1 : 2j * reach].astype(np.float32)
    rays = 0.8 + 0.2 * np.cos(np.arctan2(y, x) * 18)
    fall = np.clip(1 - np.sqrt(x**2 + y**2), 0, 1) ** 1.2 * rays * 0.75
    screen(frame, fall.astype(np.float32), int(box.x - reach), int(box.foot - box.h / 2 - reach), (255, 226, 150))
