"""Settings by name."""

import random
from collections.abc import Callable

from . import indoors, outdoors, places, towns, venues, wilds
from .paint import MARGIN_X, MARGIN_Y, Layer, Stage

PAINTERS: dict[str, Callable[[Stage], list[Layer]]] = {
    "hospital": indoors.hospital,
    "haunted": places.haunted,
    "harbour": places.harbour,
    "cinema": places.cinema,
    "castle": places.castle,
    "cafe": indoors.cafe,
    "blocks": places.blocks,
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

TABLES = (
    "bedroom", "boutique", "cafe", "cinema", "classroom", "gaming", "gym", "hospital", "livingroom", "market", "stage",
    "street", "city", "meadow", "beach", "harbour", "castle", "haunted",
)  # fmt: skip
"""Settings that get a table for what stands on one; kitchen, library and office have theirs."""
TABLED = ("kitchen", "library", "office")
"""Settings with a table of their own, in front."""
PLAIN = ("studio", "dream")
"""Settings that get a plinth."""


def paint_set(setting: str, time: str, width: int, height: int, seed: int) -> list[Layer]:
    """The set's planes from far to near, larger than the frame by the margins."""
    stage = Stage(round(width * MARGIN_X), round(height * MARGIN_Y), time, random.Random(f"set {setting} {seed}"))
    return PAINTERS[setting](stage)
