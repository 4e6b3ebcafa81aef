"""The reviewer's prompt on a terminal: what there is to decide, and the answer in one letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from .console import err

if TYPE_CHECKING:
    from collections.abc import Callable

    from .agents.reviewer import Question

_CHOICES = {"a": "approve", "e": "edit", "r": "reject", "s": "stop", "l": "later"}
_MENU = "[bold]a[/]pprove, [bold]e[/]dit, [bold]r[/]eject with a note, [bold]s[/]top, or [bold]l[/]ater"
_TEXTS = {"title": "Title", "video_prompt": "Video", "cover_prompt": "Cover"}


def ask(question: Question, read: Callable[[str], str] = input) -> dict[str, Any] | None:
    """Ask until the answer can be used; None for later (also at the end of the input)."""
    from pydantic import ValidationError

    from .agents.reviewer import Answer
    from .graph.driver import answer_fault

    show(question)
    while True:
        try:
            answer = _answer(question, read)
        except (EOFError, KeyboardInterrupt):
            return None
        if answer is None:
            return None
        try:
            return Answer.model_validate(answer).model_dump(exclude_none=True)
        except ValidationError as error:
            err().print(answer_fault(error), style="yellow", markup=False)


def show(question: Question) -> None:
    """The texts, and for a clip its files and the critic's remarks."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, label in _TEXTS.items():
        table.add_row(label, escape(getattr(question, name)), style="bold" if name == "title" else "")
    for label, path in (("Clip file", question.clip_path), ("Cover file", question.cover_path)):
        if path:
            table.add_row(label, escape(path))
    if question.predicted_percentile is not None:
        table.add_row("Critic", f"{question.verdict}: estimated rank {question.predicted_percentile:.0f} of 100")
    for remark in question.remarks:
        table.add_row("", f"- {escape(remark)}")
    err().print(Panel(table, title=f"Your review: the {question.of} of attempt {question.round}", title_align="left"))


def _answer(question: Question, read: Callable[[str], str]) -> dict[str, Any] | None:
    err().print(f"{question.question} {_MENU}")
    choice = _CHOICES.get(read("> ").strip().lower()[:1])
    if choice is None:
        return _answer(question, read)
    if choice == "reject":
        return {"action": choice, "note": read("What shall the writer do differently? ")}
    if choice != "edit":
        return None if choice == "later" else {"action": choice}
    err().print("Type the new text, or press Enter to keep it.", style="dim")
    texts = {name: read(f"{label}: ").strip() for name, label in _TEXTS.items()}
    return {"action": choice, **{name: text for name, text in texts.items() if text}}
