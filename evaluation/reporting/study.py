"""The results of one folder, arranged for comparison: by system, query and seed, and by which settings differ."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from ..plan import FREE, NO_RENDERER
from ..records import CATEGORIES, AttemptRecord, Query, TrialResult
from ..results import read_results

Scorer = Literal["critic", "judge"]
SCORERS: tuple[Scorer, ...] = get_args(Scorer)
Place = tuple[str, int]
"""Query id and seed: what two trials must share to be a pair."""
NAN = float("nan")
RESEARCH = frozenset({"researcher", "max_searches", "exemplars", "embedding", "k", "tags", "split", "max_similarity"})
RENDER = frozenset(
    {
        "video_url", "preset", "size", "frames", "fps", "steps", "guidance", "negative_prompt", "memory", "speed",
        "cover_model", "seconds", "aspect",
    }
)  # fmt: skip
UNSHOWN = FREE | {"seed", "format"}


@dataclass(frozen=True, slots=True)
class Axis:
    """Systems compared along an axis differ in one of `varied`; they may differ in `along`, and in nothing else."""

    varied: tuple[str, ...]
    along: frozenset[str] = frozenset()


AXES = {
    "mode": Axis(("mode",), RESEARCH),
    "llm": Axis(("llm", "gguf"), frozenset({"context_tokens", "structured_output"})),
    "generator": Axis(("renderer", "model"), RENDER),
    "retrieval": Axis(("k", "tags")),
    "loop": Axis(("max_revisions",), frozenset({"target_percentile"})),
}


@dataclass(frozen=True, slots=True)
class Study:
    """All trials by system, in the order in which the systems first appear; settings without the seed."""

    folder: Path
    systems: dict[str, dict[Place, TrialResult]]
    settings: dict[str, dict[str, Any]]
    queries: dict[str, Query]
    changed: list[str]

    def trials(self) -> Iterator[TrialResult]:
        """Every trial, system by system."""
        for of_system in self.systems.values():
            yield from of_system.values()

    def categories(self) -> list[str]:
        """The categories of the queries, the paper's five first."""
        found = {query.category for query in self.queries.values() if query.category}
        return [name for name in CATEGORIES if name in found] + sorted(found - set(CATEGORIES))

    def types(self) -> list[str]:
        """The types of the queries: concrete, abstract, both or none."""
        found = {query.type for query in self.queries.values()}
        return [name for name in ("concrete", "abstract") if name in found]

    def rendered(self) -> bool:
        """Whether any system draws clips."""
        return any(settings.get("renderer") != NO_RENDERER for settings in self.settings.values())


def load_study(folder: Path) -> Study:
    """The results of a folder; raises InputError where there are none."""
    from ...tools.errors import InputError

    results = read_results(folder)
    if not results:
        raise InputError(f"{folder} holds no finished or failed trial yet; run `popcorn-agents evaluate` first.")
    return arrange(results, folder)


def arrange(results: Iterable[TrialResult], folder: Path) -> Study:
    """Arrange results that were read; of settings that changed within a system the latest count, and it is named."""
    systems: dict[str, dict[Place, TrialResult]] = {}
    settings: dict[str, dict[str, Any]] = {}
    queries: dict[str, Query] = {}
    changed: list[str] = []
    for result in sorted(results, key=lambda one: one.finished):
        systems.setdefault(result.system, {})[result.query.id, result.seed] = result
        queries[result.query.id] = result.query
        own = {name: value for name, value in result.settings.items() if name not in UNSHOWN}
        if settings.get(result.system, own) != own and result.system not in changed:
            changed.append(result.system)
        settings[result.system] = own
    return Study(folder, systems, settings, queries, changed)


def attempt_score(attempt: AttemptRecord | None, scorer: Scorer) -> float:
    """Predicted rank (percentile, 0 to 100); NaN where there is no attempt."""
    return NAN if attempt is None else getattr(attempt, scorer).percentile


def score(result: TrialResult, scorer: Scorer) -> float:
    """Predicted rank of the attempt that the loop keeps; NaN for a failed trial."""
    return attempt_score(result.best, scorer)


def shaping(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that matter beside the others: no research without exemplars, no target without revisions."""
    idle: set[str] = set()
    if settings.get("mode") == "basic":
        idle |= RESEARCH
    if settings.get("max_revisions") == 0:
        idle |= {"target_percentile"}
    if settings.get("renderer") == NO_RENDERER:
        idle |= RENDER
    return {name: value for name, value in settings.items() if name not in idle}


def groups(study: Study, axis: str) -> list[list[str]]:
    """Sets of two or more systems that differ only along an axis."""
    chosen = AXES[axis]
    found: dict[str, list[str]] = {}
    for name, settings in study.settings.items():
        if axis == "retrieval" and settings.get("mode") == "basic":
            continue
        rest = {key: value for key, value in shaping(settings).items() if key not in (*chosen.varied, *chosen.along)}
        found.setdefault(repr(sorted(rest.items())), []).append(name)
    return [names for names in found.values() if len({varied(study, name, axis) for name in names}) > 1]


def varied(study: Study, system: str, axis: str) -> str:
    """A system's value on an axis, in words."""
    values = [study.settings[system].get(name) for name in AXES[axis].varied]
    return " ".join(str(value) for value in values if value is not None)


def labels(study: Study, systems: list[str], axis: str) -> dict[str, str]:
    """What to call each system within a group: its value on the axis, or its name where values repeat."""
    values = {name: varied(study, name, axis) for name in systems}
    return values if len(set(values.values())) == len(systems) else {name: name for name in systems}


def differing(study: Study) -> list[str]:
    """The settings in which the systems differ, those that matter for at least one of them."""
    own = [shaping(settings) for settings in study.settings.values()]
    names = sorted({name for settings in own for name in settings})
    return [name for name in names if len({repr(one[name]) for one in own if name in one}) > 1]
