"""What a finished run gives back: the object that --json prints and result.json holds."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from ..agents.critic import Attempt
from ..agents.reviewer import Review
from ..agents.trend_researcher import Brief
from ..tools.exemplars import Exemplar
from ..tools.popularity.predictor import Score
from .context import Context


class AttemptSummary(BaseModel):
    """One line of the table of attempts."""

    round: int
    title: str
    video_prompt: str
    video_path: str
    score: Score
    verdict: Literal["accept", "revise"]
    issues: list[str]


class Result(BaseModel):
    """The best attempt and the evidence; paths are absolute, timings are wall-clock seconds by node."""

    run_id: str
    status: Literal["finished"]
    query: str
    mode: Literal["pe", "basic"]
    title: str
    cover_prompt: str
    video_prompt: str
    reasoning: str
    video_path: str
    cover_path: str
    score: Score
    best_round: int
    attempts: list[AttemptSummary]
    reviews: list[Review] = []
    exemplars: list[Exemplar]
    settings: dict[str, Any]
    timings: dict[str, float]


def summarise(attempt: Attempt, folder: Path) -> AttemptSummary:
    """Reduce an attempt to its line in the result; `folder` is the attempt's own folder."""
    return AttemptSummary(
        round=attempt.round,
        title=attempt.script.title,
        video_prompt=attempt.script.video_prompt,
        video_path=str(folder / "clip.mp4"),
        score=attempt.critique.score,
        verdict=attempt.critique.verdict,
        issues=attempt.critique.vetoes + attempt.critique.issues,
    )


def compose(
    *,
    run_id: str,
    brief: Brief,
    attempts: list[Attempt],
    reviews: list[Review],
    chosen: Attempt,
    settings: Context,
    seconds: dict[str, float],
    folder: Path,
) -> Result:
    """Put the result together; `folder` is the run's folder, `seconds` the time spent by node."""
    lines = [summarise(attempt, folder / f"attempt-{attempt.round}") for attempt in attempts]
    script = chosen.script
    return Result(
        run_id=run_id,
        status="finished",
        query=brief.query,
        mode=settings.mode,
        title=script.title,
        cover_prompt=script.cover_prompt,
        video_prompt=script.video_prompt,
        reasoning=script.reasoning,
        video_path=lines[chosen.round - 1].video_path,
        cover_path=str(folder / f"attempt-{chosen.round}" / "cover.png"),
        score=chosen.critique.score,
        best_round=chosen.round,
        attempts=lines,
        reviews=reviews,
        exemplars=brief.exemplars,
        settings=settings.model_dump(mode="json"),
        timings={**seconds, "total": sum(seconds.values())},
    )
