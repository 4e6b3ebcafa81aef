"""What an evaluation is about and what it leaves: queries, trials, and one line of results.jsonl each."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..graph.folders import Failure
from ..tools.popularity.predictor import Score
from ..tools.structured import Usage

CATEGORIES = ("Anime", "Delicacy", "Daily Sharing", "Film & Television", "Gaming")
"""The paper's five categories."""


class Query(BaseModel):
    """One query; type and category are empty where the source names none."""

    model_config = ConfigDict(frozen=True)

    id: str
    text: str
    type: Literal["concrete", "abstract", ""] = ""
    category: str = ""


class Trial(BaseModel):
    """One system on one query with one seed: a whole trajectory of write, render, critique and revisions."""

    model_config = ConfigDict(frozen=True)

    system: str
    query: Query
    seed: int
    settings: dict[str, Any] = Field(description="Every setting of `Context`, as JSON.")
    key: str = Field(description="Hash of all that shapes the trajectory.")


class AttemptRecord(BaseModel):
    """One attempt of a trajectory, scored by the loop's critic and by the judge that shares no video with it."""

    round: int
    title: str
    cover_prompt: str
    video_prompt: str
    clip: str | None = Field(None, description="Path of the clip in the results folder; None without rendering.")
    kind: Literal["animatic", "footage"] | None = None
    critic: Score
    judge: Score
    vetoes: list[str] = []
    issues: list[str] = []
    verdict: Literal["accept", "revise"]
    similarity: float = Field(description="Nearness of the title to the nearest exemplar, 0 (or no exemplars) to 1.")
    nearest_title: str = ""
    clip_score: float | None = Field(None, description="Mean cosine of query and frames, by an image-text encoder.")


class TrialResult(BaseModel):
    """One line of results.jsonl: a finished trajectory, or where and why it failed."""

    format: Literal[1] = 1
    key: str
    system: str
    query: Query
    seed: int
    settings: dict[str, Any]
    status: Literal["finished", "failed"]
    failure: Failure | None = None
    attempts: list[AttemptRecord] = []
    best_round: int | None = Field(None, description="The attempt that the loop keeps; None for a failed trial.")
    tags: list[str] = []
    exemplars: int = 0
    usage: Usage = Usage()
    timings: dict[str, float] = Field({}, description="Wall-clock seconds by node, waiting for a free worker left out.")
    device_seconds: float = 0.0
    cached: list[str] = Field([], description="What was taken from an earlier trial, such as the script of round 1.")
    finished: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @property
    def best(self) -> AttemptRecord | None:
        """The attempt that the loop keeps; None for a failed trial."""
        return self.attempts[self.best_round - 1] if self.best_round else None
