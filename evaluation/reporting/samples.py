"""What was made, query by query: titles, scores and clips side by side; small clips go into the page itself."""

import base64
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from ..records import AttemptRecord, Query, TrialResult
from .parts import Section, Table, count, number
from .study import Study, score

EMBEDDED = 8 * 2**20  # bytes of clips inside the page; base64 makes a third more of them
LARGEST = 2 * 2**20  # of one clip


@dataclass(slots=True)
class Card:
    """One system's attempt for one query; `clip` is a data URI or a path relative to the report, empty without one."""

    system: str
    status: str
    title: str
    critic: str
    judge: str
    video_prompt: str
    attempts: int
    clip: str = ""
    embedded: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """A query and what each system made of it, with the first seed of each."""

    query: Query
    cards: list[Card]


def samples(study: Study) -> tuple[list[Sample], str]:
    """All queries with the first trial of each system, and a sentence on which clips are inside the page."""
    found: list[Sample] = []
    wanted: list[tuple[int, int, Card, AttemptRecord]] = []
    seen: Counter[str] = Counter()
    for query in study.queries.values():
        cards = []
        for system, trial in first_trials(study, query.id):
            card = _card(system, trial)
            cards.append(card)
            if trial.best is not None and trial.best.clip:
                wanted.append((seen[query.category], len(wanted), card, trial.best))
        found.append(Sample(query, cards))
        seen[query.category] += 1
    inside = linked = total = 0
    for _, _, card, attempt in sorted(wanted, key=lambda one: one[:2]):
        size = _place(study.folder, card, attempt, EMBEDDED - total)
        total += size
        inside += size > 0
        linked += bool(card.clip) and not card.embedded
    if not wanted:
        return found, "There are no clips: nothing was rendered, or every trial failed."
    said = (
        f"Inside this page: {count(inside, 'clip')} ({total / 2**20:.1f} MB), the first queries of each category first"
    )
    beside = f"; linked: {linked:,}, which play where the page lies in the results folder" if linked else ""
    return found, f"{said}{beside}."


def first_trials(study: Study, query: str) -> Iterator[tuple[str, TrialResult]]:
    """The first seed's trial of each system that has run the query."""
    for system, trials in study.systems.items():
        seeds = list(dict.fromkeys(seed for _, seed in trials))
        trial = next((trials[query, seed] for seed in seeds if (query, seed) in trials), None)
        if trial is not None:
            yield system, trial


def examples(study: Study) -> Section:
    """The first query of each type in each category, as a table."""
    section = Section("examples", "Examples")
    rows: list[list[str]] = []
    shown: set[tuple[str, str]] = set()
    columns = ["query", "system", "title", "critic", "judge"]
    for query in study.queries.values():
        if (query.type, query.category) in shown or len(shown) >= 10:
            continue
        shown.add((query.type, query.category))
        for system, trial in first_trials(study, query.id):
            title = trial.best.title if trial.best else f"failed in {trial.failure.node if trial.failure else '?'}"
            rows.append([query.text, system, title, number(score(trial, "critic")), number(score(trial, "judge"))])
    section.tables.append(
        Table(
            "examples", "The first query of each type in each category", columns, rows,
            "Predicted rank by each scorer; the first seed of each system.",
            [dict(zip(columns, row, strict=True)) for row in rows],
        )
    )  # fmt: skip
    return section


def _card(system: str, trial: TrialResult) -> Card:
    best = trial.best
    if best is None:
        failure = trial.failure
        why = f"{failure.node}: {failure.cause}" if failure else "no cause is recorded"
        return Card(system, "failed", "", "", "", "", len(trial.attempts), note=why)
    return Card(
        system, "finished", best.title, number(score(trial, "critic")), number(score(trial, "judge")),
        best.video_prompt, len(trial.attempts), note="; ".join(best.vetoes),
    )  # fmt: skip


def _place(folder: Path, card: Card, attempt: AttemptRecord, room: int) -> int:
    """Put the clip into the card or link it; returns the bytes embedded."""
    path = PurePosixPath(attempt.clip or "")
    whole = (folder / path).resolve()
    if path.is_absolute() or not whole.is_relative_to(folder.resolve()) or not whole.is_file():
        card.note = f"{card.note}; the clip is missing".lstrip("; ")
        return 0
    if attempt.kind == "animatic":
        card.note = f"{card.note}; animatic: drawn pre-visualisation, not footage".lstrip("; ")
    size = whole.stat().st_size
    if size > min(room, LARGEST):
        card.clip = quote(str(path))
        return 0
    card.clip = f"data:video/mp4;base64,{base64.b64encode(whole.read_bytes()).decode()}"
    card.embedded = True
    return size
