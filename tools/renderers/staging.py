"""Who stands where: the subjects of a shot, their size, their shadows and how they move."""

from typing import NamedTuple

import numpy as np

from .camera import View
from .casting import acts, catalogue
from .effects import Box
from .paint import LIGHTS, Light, Pixels
from .sprites import Placing, Sprite, art, dressed, put, recoloured, screen, shadow_sprite
from .storyboard import Framing, Shot, Storyboard

SIZE: dict[Framing, float] = {"wide": 0.74, "medium": 0.90, "close": 1.04}
# Sets with lamps of their own light the subject otherwise than the sky does.
LAMPS: dict[str, Light] = {
    "gaming": Light(LIGHTS["night"].sky, (0.86, 0.80, 0.98), (255, 120, 220)),
    "market": Light(LIGHTS["night"].sky, (0.98, 0.86, 0.72), (255, 190, 110)),
    "stage": Light(LIGHTS["night"].sky, (0.98, 0.86, 0.92), (255, 200, 235)),
    "stadium": Light(LIGHTS["night"].sky, (0.94, 0.95, 0.98), (235, 242, 255)),
    "volcano": Light(LIGHTS["night"].sky, (0.98, 0.76, 0.64), (255, 130, 60)),
    "cinema": Light(LIGHTS["night"].sky, (0.90, 0.88, 0.96), (215, 215, 255)),
    "haunted": Light(LIGHTS["night"].sky, (0.72, 0.76, 0.92), (190, 205, 255)),
    "space": Light(LIGHTS["night"].sky, (0.86, 0.88, 1.0), (170, 200, 255)),
}
INDOOR_NIGHT = Light(LIGHTS["night"].sky, (0.94, 0.82, 0.72), (255, 200, 130))
INDOORS = (
    "kitchen", "livingroom", "bedroom", "classroom", "library", "office", "gym", "boutique", "studio", "cafe",
    "hospital",
)  # fmt: skip
POWERED = {"fighter": "fighter-powered"}


class Layout(NamedTuple):
    """Where things go in a frame, in pixels; `drop` is how much lower the horizon stands than in the middle.

    `cut`: the lower edge of the frame cuts the subject, as it cuts somebody who talks to the camera.
    """

    width: int
    height: int
    foot: float
    tall: float
    wide: float
    drop: float = 0.0
    cut: bool = False


class Cast(NamedTuple):
    """The sprites of a clip; `after` replaces `hero` once a transformation is through."""

    hero: Sprite | None
    after: Sprite | None
    second: Sprite | None
    ride: Sprite | None
    shadow: Sprite
    stage: str
    second_stage: str
    second_share: float
    duel: bool


def layout(width: int, height: int, aspect: str, board: Storyboard) -> Layout:
    """The subject above the type or below it, in a tall frame clear of the lowest fifth, where platforms write."""
    if aspect != "9:16":
        return Layout(width, height, 0.610 * height, 0.475 * height, 0.70 * width)
    if board.subjects and catalogue()[board.subjects[0]].stage == "b" and not (board.duel or board.ride):
        return Layout(width, height, 1.012 * height, 0.60 * height, 0.94 * width, 0.06 * height, cut=True)
    if board.title_top:
        return Layout(width, height, 0.745 * height, 0.415 * height, 0.86 * width, 0.175 * height)
    return Layout(width, height, 0.575 * height, 0.450 * height, 0.86 * width, 0.025 * height)


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
            box if pair else (box[0] * 0.46, box[1] * (0.92 if hero and _equals(hero, second) else 0.52)),
        )
        if second
        else None,
        ride=dressed(art(board.ride, level=True), light, (plan.wide * 0.9, plan.tall * 0.34)) if board.ride else None,
        shadow=shadow_sprite(200, 40),
        stage=catalogue()[hero].stage if hero else "g",
        second_stage=catalogue()[second].stage if second else "g",
        duel=pair,
        second_share=0.92 if hero and second and _equals(hero, second) else 0.52,
    )


def _equals(hero: str, second: str) -> bool:
    """Whether two stand side by side at one size, as people do."""
    return all(acts(name) and catalogue()[name].stage == "g" for name in (hero, second))


def _after(hero: str, light: Light, box: tuple[float, float]) -> Sprite:
    bright = light._replace(tint=(1.0, 0.98, 0.92), rim=(255, 236, 160))
    return dressed(art(POWERED.get(hero, hero)), bright, box)


def subject_box(plan: Layout, shot: Shot, at: View, actors: Cast) -> Box:
    """Where the subject is in this frame; it makes room for a second one."""
    sprite = actors.hero
    if sprite is None:
        return Box(plan.width / 2, plan.foot, plan.wide * 0.7, plan.tall * 0.8)
    slim = sprite.width < 0.6 * sprite.height  # who stands upright takes little of the picture: never far away
    share = max(SIZE[shot.framing], 0.93 if slim else 0.86 if actors.stage == "b" else 0.0)
    size = share * (1 + (at.zoom - 1) * 0.5)
    pair = _paired(actors, shot)
    tall, wide = sprite.height * size, sprite.width * size
    room = min(1.0, plan.tall * 1.04 / tall, plan.wide * (0.62 if pair else 1.06) / wide)
    third = 0.10 if shot.framing == "wide" and not plan.cut else 0.0  # off centre, as a wide shot is composed
    aside = 0.0 if actors.duel else (0.15 if pair else third) * (1 if shot.flip else -1)
    x = plan.width * (0.5 + aside + at.dx * 0.7)
    edge = min(plan.width / 2, wide * room / 2 + 0.03 * plan.width)
    x = min(max(x, edge), plan.width - edge)
    return Box(x, plan.foot + at.dy * plan.height * 0.5, wide * room, tall * room)


def _paired(actors: Cast, shot: Shot) -> bool:
    return (
        actors.second is not None
        and shot.framing != "close"
        and actors.ride is None
        and actors.stage != "b"
        and not actors.duel
    )


def draw_subjects(frame: Pixels, board: Storyboard, actors: Cast, plan: Layout, shot: Shot, at: View, t: float) -> None:
    """The subjects, their shadows and their motion at second `t`, in place."""
    done = actors.after is not None and shot.power >= 0.99
    sprite = actors.after if done else actors.hero
    if sprite is None:
        return
    box = subject_box(plan, shot, at, actors)
    if board.duel and actors.second is not None:
        _duel(frame, sprite, actors, box, plan, t)
        return
    if actors.ride is not None:
        _ride(frame, sprite, actors, box, t)
        return
    move = _motion(actors.stage, box, t, shot, board)
    if actors.stage == "b" and not plan.cut:
        move = move._replace(foot=box.foot + (0.54 * plan.height - plan.foot))  # a little below the table's far edge
    elif actors.stage in ("g", "t"):
        _shadow(frame, actors, box.x, box.foot, box.w * 1.05, box.foot - move.foot)
    put(frame, sprite, move._replace(scale=move.scale * box.h / sprite.height))
    if _paired(actors, shot):
        _second(frame, actors, box, shot, t)


def _motion(stage: str, box: Box, t: float, shot: Shot, board: Storyboard) -> Placing:
    if board.transform and 0 < shot.power < 0.99:
        return Placing(
            box.x + 2.4 * np.sin(t * 61), box.foot, 1.0 + 0.008 * np.sin(t * 40), 1.0
        )  # trembling with power
    if stage == "g":
        pace = 1.7 if board.travels else 1.0
        hop = abs(np.sin(t * 5.2 * pace))
        return Placing(box.x, box.foot - box.h * 0.028 * hop, 1.0, 0.985 + 0.028 * hop, 1.5 * np.sin(t * 2.6 * pace))
    if stage == "b":
        return Placing(box.x, box.foot, 1.0, 1.0 + 0.010 * np.sin(t * 5), 0.8 * np.sin(t * 2.2))
    if stage == "t":
        return Placing(box.x, box.foot + 1, 1.0, 1.0 + 0.008 * np.sin(t * 4), 1.2 * np.sin(t * 2.2))
    if stage == "w":
        return Placing(box.x, box.foot - box.h * (0.05 + 0.03 * np.sin(t * 3)), 1.0, 1.0, 4 * np.sin(t * 2.4))
    return Placing(box.x, box.foot - box.h * (0.06 + 0.022 * np.sin(t * 3.2)), 0.9, 1.0, 3 * np.sin(t * 2))


def _shadow(frame: Pixels, actors: Cast, x: float, foot: float, wide: float, lift: float) -> None:
    scale = wide / 200 * (1 - min(0.3, lift / 200))
    put(frame, actors.shadow, Placing(x, foot + 10 * scale, scale, 0.9))


def _second(frame: Pixels, actors: Cast, box: Box, shot: Shot, t: float) -> None:
    """The second subject beside the first, whole and in the frame, a little nearer to the camera."""
    assert actors.second is not None  # noqa: S101  (narrowing for the type checker; the caller looked)
    side, width = (-1 if shot.flip else 1), frame.shape[1]
    edge = box.x + side * box.w * 0.47
    scale = min(1.0, box.h * actors.second_share / actors.second.height, width * 0.30 / actors.second.width)
    x = edge + side * actors.second.width * scale * 0.5
    if actors.second_stage in ("g", "t", "b"):
        foot = box.foot + box.h * 0.02
        _shadow(frame, actors, x, foot, actors.second.width * scale * 1.05, 0)
    else:
        foot = box.foot - box.h * (0.40 + 0.03 * np.sin(t * 3))
    put(frame, actors.second, Placing(x, foot, scale, 1.0 + 0.012 * np.sin(t * 6), 2 * np.sin(t * 3)))


def _ride(frame: Pixels, sprite: Sprite, actors: Cast, box: Box, t: float) -> None:
    assert actors.ride is not None  # noqa: S101  (as above)
    tilt, bump = 2.5 * np.sin(t * 4.4), abs(np.sin(t * 9)) * 2.5
    scale = min(1.0, box.w * 1.25 / actors.ride.width)
    foot = box.foot - bump
    _shadow(frame, actors, box.x, box.foot, actors.ride.width * scale * 1.05, bump)
    put(frame, actors.ride, Placing(box.x, foot, scale, 1.0, tilt))
    seat = foot - actors.ride.height * scale * 0.62
    put(frame, sprite, Placing(box.x, seat, box.h / sprite.height, 1.0 + 0.02 * np.sin(t * 9), tilt * 1.6))


def _duel(frame: Pixels, sprite: Sprite, actors: Cast, box: Box, plan: Layout, t: float) -> None:
    assert actors.second is not None  # noqa: S101  (as above)
    clash = 0.5 + 0.5 * np.sin(t * 6.0)
    for side, fighter in ((-1, sprite), (1, actors.second)):
        scale = min(box.h / sprite.height, plan.width * 0.43 / fighter.width)
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
