"""What travels through the graph: small records, paths and hashes, never frames or vectors."""

from typing import Annotated, NotRequired, TypeVar

from pydantic import BaseModel, Field
from typing_extensions import TypedDict  # typing's own has no pydantic schema on Python 3.11

from ..agents.critic import Attempt, Critique
from ..agents.scriptwriter import Script
from ..agents.trend_researcher import Brief
from ..tools.renderers import Clip
from .result import Result

T = TypeVar("T")


class Timing(BaseModel):
    """Wall-clock seconds of one node; round counts attempts from 1, 0 outside the loop."""

    node: str
    round: int
    seconds: float


def extend(old: list[T], new: list[T] | None) -> list[T]:
    """Append; None empties the list, for a new query on an old thread."""
    return [] if new is None else old + new


class InputState(TypedDict):
    """What a run starts from."""

    query: Annotated[str, Field(description="What the video shall be about, in one sentence.")]
    run_id: NotRequired[Annotated[str, Field(description="Name of the run's folder; made from the query when absent.")]]


class State(InputState, total=False):
    """Everything that the nodes read and write."""

    brief: Brief
    script: Script
    clip: Clip
    critique: Critique
    attempts: Annotated[list[Attempt], extend]
    timings: Annotated[list[Timing], extend]
    result: Result


TYPES: list[type[BaseModel]] = [Attempt, Brief, Clip, Critique, Result, Script, Timing]
"""What a checkpoint may hold: nothing else is rebuilt from one."""
