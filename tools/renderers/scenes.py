"""Settings by name."""

import random
from collections.abc import Callable

from . import indoors, outdoors, towns, venues, wilds
from .paint import MARGIN_X, MARGIN_Y, Layer, Stage

PAINTERS: dict[str, Callable[[Stage], list[Layer]]] = {
    "beach": outdoors.beach,
    "bedroom": indoors.bedroom,
    "boutique": venues.boutique,
    "city": towns.city,
    "classroom": indoors.classroom,
    "desert": wilds.desert,
    "dream": venues.dream,
    "forest": outdoors.forest,
    "gaming": venues.gaming,
    "gym": venues.gym,
    "kitchen": indoors.kitchen,
    "library": indoors.library,
    "livingroom": indoors.livingroom,
    "market": towns.market,
    "meadow": outdoors.meadow,
    "mountain": outdoors.mountain,
    "office": venues.office,
    "snow": outdoors.snow,
    "space": wilds.space,
    "stadium": towns.stadium,
    "stage": venues.stage_set,
    "street": towns.street,
    "studio": venues.studio,
    "underwater": wilds.underwater,
    "volcano": wilds.volcano,
    "wasteland": wilds.wasteland,
}

TABLED = ("kitchen", "library", "office")  # settings that already have a table near the camera


def paint_set(setting: str, time: str, width: int, height: int, seed: int) -> list[Layer]:
    """The set's planes from far to near, larger than the frame by the margins."""
    stage = Stage(round(width * MARGIN_X), round(height * MARGIN_Y), time, random.Random(f"set {setting} {seed}"))
    return PAINTERS[setting](stage)
