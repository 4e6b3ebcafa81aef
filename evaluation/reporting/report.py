"""`popcorn-agents report`: everything that can be said of a folder of results, as Markdown, HTML, CSV and figures."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ...tools.errors import InputError
from .budget import budgets, goal, judge_all
from .equal_budget import equal_budgets
from .levels import against_humans, by_category, distribution
from .loop import the_loop
from .parts import Section
from .ran import clearest, cost, power_note, what_was_run
from .samples import examples
from .study import Study, load_study
from .versus import enhancement, everybody, generators, llms, retrieval
from .writing import csv_text, markdown, write_whole

TITLE = "Evaluation report"
NEEDED = ("evalica", "jinja2", "matplotlib", "statsmodels")
BUILDERS: tuple[Callable[[Study], Section | list[Section]], ...] = (
    what_was_run, by_category, against_humans, distribution, enhancement, llms, generators, retrieval, everybody,
    equal_budgets, the_loop, cost, examples,
)  # fmt: skip
Progress = Callable[[str, int, int], None]
"""Told (what is being made, step, steps)."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report before it is written: the sentences that matter most, and the sections in order."""

    study: Study
    summary: list[str]
    sections: list[Section]


def make_report(folder: Path, progress: Progress | None = None) -> Report:
    """Compute everything; raises InputError where there are no results or the `report` extra is missing."""
    if any(find_spec(name) is None for name in NEEDED):
        raise InputError("Reports need more packages; run: pip install 'popcorn-agents[report]'")
    study = load_study(folder)
    sections: list[Section] = []
    for step, build in enumerate(BUILDERS, 1):
        if progress is not None:
            progress("comparing the systems", step, len(BUILDERS) + 1)
        built = build(study)
        sections += built if isinstance(built, list) else [built]
    return Report(study, _summary(study, sections[0]), sections)


def write_report(folder: Path, progress: Progress | None = None, report: Report | None = None) -> list[Path]:
    """Write report.md, report.html, tables/*.csv and figures/*.{png,svg} into the folder; returns their paths.

    Raises InputError as `make_report` does, PopcornError where a file cannot be written.
    """
    from .drawing import render
    from .page import page

    report = report or make_report(folder, progress)
    if progress is not None:
        progress("drawing and writing", len(BUILDERS) + 1, len(BUILDERS) + 1)
    written = []
    pictures = {}
    for section in report.sections:
        written += [
            write_whole(folder / "tables" / f"{table.key}.csv", csv_text(table).encode()) for table in section.tables
        ]
        for figure in section.figures:
            for kind in ("png", "svg"):
                path = folder / "figures" / f"{figure.key}.{kind}"
                content = render(figure.draw, kind)
                written.append(write_whole(path, content))
            pictures[figure.key] = content, render(figure.draw, "svg", "dark")
    whole = page(TITLE, report.summary, report.sections, pictures, report.study)
    text = markdown(TITLE, report.summary, report.sections)
    return [
        write_whole(folder / "report.html", whole.encode()),
        write_whole(folder / "report.md", text.encode()),
        *written,
    ]


def _summary(study: Study, ran: Section) -> list[str]:
    told = [ran.lead[0]]
    told += [goal(spent, judge_all(spent)) for spent in budgets(study)]
    told += clearest(study)[:6]
    return told + power_note(study)
