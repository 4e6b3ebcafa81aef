"""What travels through the graph: small records, paths and hashes, never frames or vectors."""

from typing import Annotated, Any, NotRequired, TypeVar

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict  # typing's own has no pydantic schema on Python 3.11

from ..agents.critic import Attempt, Critique
from ..agents.reviewer import Review
from ..agents.scriptwriter import Script, Usage
from ..agents.trend_researcher import Brief
from ..tools.errors import InputError
from ..tools.renderers import Clip
from .result import Result

T = TypeVar("T")


FORMAT = 2
"""What the state looks like; raised with every change that an older checkpoint would be misread by."""


class Timing(BaseModel):
    """Wall-clock seconds of one node and what it consumed; round counts attempts from 1, 0 outside the loop."""

    node: str
    round: int
    seconds: float
    started: float = Field(0.0, description="When it began, in seconds since 1970.")
    usage: Usage = Usage()
    device_seconds: float = Field(0.0, description="Seconds in which the renderer drew; 0 for a clip that was kept.")


def extend(old: list[T], new: list[T] | None) -> list[T]:
    """Append; None empties the list, for a new query on an old thread."""
    return [] if new is None else old + new


def since_research(old: list[Timing], new: list[Timing]) -> list[Timing]:
    """Append; a research step begins a new list, for a new query on an old thread."""
    return new if new and new[0].node == "research" else old + new


class InputState(TypedDict):
    """What a run starts from."""

    query: Annotated[str, Field(description="What the video shall be about, in one sentence.")]
    run_id: NotRequired[Annotated[str, Field(description="Name of the run's folder; made from the query when absent.")]]


class State(InputState, total=False):
    """Everything that the nodes read and write."""

    format: int
    goto: str
    brief: Brief
    script: Script
    clip: Clip
    critique: Critique
    attempts: Annotated[list[Attempt], extend]
    reviews: Annotated[list[Review], extend]
    timings: Annotated[list[Timing], since_research]
    result: Result


def typed(state: State) -> State:
    """The state with its records rebuilt where a client of the server put plain JSON; raises InputError for bad ones.

    Refuses a state of another version, which this one could misread.
    """
    if state.get("format", FORMAT if "brief" not in state else 1) != FORMAT:
        raise InputError("This run was made by another version of popcorn-agents; start it anew.")
    try:
        return _STATE.validate_python(state)
    except ValidationError as error:
        raise InputError(_in_words(error)) from error


def fault_of_values(values: dict[str, Any]) -> str:
    """Why a client's new values of a state cannot be used; empty where they can. None empties a list."""
    try:
        _STATE.validate_python({"query": "", **{name: value for name, value in values.items() if value is not None}})
    except ValidationError as error:
        return _in_words(error)
    return ""


def _in_words(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return f"The state cannot be used: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}."


TYPES: list[type[BaseModel]] = [Attempt, Brief, Clip, Critique, Result, Review, Script, Timing]
"""What a checkpoint may hold: nothing else is rebuilt from one."""

_STATE = TypeAdapter(State)
