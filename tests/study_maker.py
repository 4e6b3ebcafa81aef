"""Synthetic results with known effects: what a runner would have written, without running anything."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from popcorn_agents.evaluation.records import CATEGORIES, AttemptRecord, Query, TrialResult
from popcorn_agents.evaluation.results import ResultsFile
from popcorn_agents.graph.context import Context
from popcorn_agents.graph.folders import Failure
from popcorn_agents.tools.popularity.predictor import Score
from popcorn_agents.tools.structured import Usage

START = datetime(2026, 3, 1, tzinfo=UTC)


def make_queries(per_group: int = 2) -> list[Query]:
    """So many of each type in each category."""
    return [
        Query(id=f"{kind}-{category}-{i}", text=f"{kind} {category} idea {i}", type=kind, category=category)
        for i in range(per_group)
        for category in CATEGORIES
        for kind in ("concrete", "abstract")
    ]


def as_score(percentile: float) -> Score:
    rank = float(np.clip(round(percentile, 2), 0, 100))
    log2 = 4 + rank / 25
    return Score(log2_comments=log2, percentile=rank, low=log2 - 1, high=log2 + 1)


def make_attempt(round_: int, critic: float, judge: float, **changes: Any) -> AttemptRecord:
    fields: dict[str, Any] = {
        "title": f"Idea with a title of round {round_}",
        "cover_prompt": "a cover",
        "video_prompt": "a hand opens a box and light pours out of it",
        "critic": as_score(critic),
        "judge": as_score(judge),
        "verdict": "revise",
        "similarity": 0.5,
    }
    return AttemptRecord(round=round_, **{**fields, **changes})


def make_trial(
    system: str, query: Query, seed: int, attempts: Sequence[AttemptRecord], settings: Mapping[str, Any], at: int = 0
) -> TrialResult:
    """A finished trial that keeps the attempt its critic likes best; a failed one without attempts."""
    full = {**Context(**{**settings, "seed": seed}).model_dump(mode="json")}
    kept = max(attempts, key=lambda attempt: attempt.critic.percentile).round if attempts else None
    return TrialResult(
        key=f"{system}-{query.id}-{seed}", system=system, query=query, seed=seed, settings=full,
        status="finished" if attempts else "failed",
        failure=None if attempts else Failure(node="write", cause="the model gave no usable answer"),
        attempts=list(attempts), best_round=kept, exemplars=0 if settings.get("mode") == "basic" else 10,
        usage=Usage(calls=len(attempts), input_tokens=900 * len(attempts), output_tokens=200 * len(attempts)),
        timings={"research": 0.2, "write": 8.0 * len(attempts), "critique": 0.1 * len(attempts)},
        device_seconds=0.0, finished=START + timedelta(seconds=at),
    )  # fmt: skip


def make_study(
    systems: Mapping[str, dict[str, Any]],
    queries: Sequence[Query],
    *,
    gain: Mapping[str, tuple[float, float]] | None = None,
    noise: float = 15.0,
    seed: int = 0,
) -> list[TrialResult]:
    """Trials of systems given by their settings and `seeds`; `gain` is what a system adds to (critic, judge).

    The loop is real: each further attempt is a fresh draw, kept where the critic rates it higher; the judge sees half
    of what the critic sees.
    """
    rng, found = np.random.default_rng(seed), []
    base = {query.id: rng.normal(50, 12) for query in queries}
    for query in queries:
        for name, given in systems.items():
            settings = {"renderer": "none", **given}
            for own in settings.pop("seeds", [7]):
                plus = (gain or {}).get(name, (0.0, 0.0))
                attempts = []
                for round_ in range(1, settings.get("max_revisions", 1) + 2):
                    critic = base[query.id] + plus[0] + rng.normal(0, noise)
                    judge = 50 + 0.4 * (critic - plus[0] - 50) + plus[1] + rng.normal(0, noise)
                    attempts.append(make_attempt(round_, critic, judge))
                found.append(make_trial(name, query, own, attempts, settings, len(found)))
    return found


def write_study(results: Sequence[TrialResult], folder: Path) -> Path:
    file = ResultsFile(folder)
    for result in results:
        file.append(result)
    file.close()
    return folder
