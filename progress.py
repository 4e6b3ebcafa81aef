"""Live progress of a run on standard error; one plain line a step where there is no terminal."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from .console import err, log

_STEPS = {
    "research": "Research trends",
    "write": "Write the script",
    "render": "Render the clip",
    "critique": "Score the clip",
    "finish": "Keep the best",
}


class Follower:
    """Shows a run's events as they come: live bars on a terminal, one plain line a step elsewhere."""

    def __init__(self) -> None:
        self.run_id: str | None = None
        self.console = err()
        columns = (SpinnerColumn(finished_text="[green]✓"), TextColumn("{task.description}"), BarColumn(bar_width=16))
        self.live = Progress(*columns, TextColumn("{task.fields[note]}"), TimeElapsedColumn(), console=self.console)
        self.task: Any = None

    def __enter__(self) -> Follower:
        if self.console.is_terminal:
            self.live.start()
            self.task = self.live.add_task("Starting", total=None, note="")
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()

    def __call__(self, event: dict[str, Any]) -> None:
        if "run_id" in event:
            self.run_id = event["run_id"]
            self._say(f"Run {event['run_id']}")
        elif self.console.is_terminal:
            self._draw(event)
        elif event.get("event") in {"start", "end"}:
            seconds = f" done in {event['seconds']:.1f} s" if event["event"] == "end" else " ..."
            self._say(f"{_label(event)}{seconds}")
        elif event.get("event") == "notice":
            self._say(event["message"])

    def notice(self, message: str) -> None:
        """Show one line."""
        self({"node": "notice", "event": "notice", "message": message})

    def _say(self, line: str) -> None:
        self.console.print(line, soft_wrap=True, markup=False)

    def _draw(self, event: dict[str, Any]) -> None:
        if event.get("event") == "notice":
            self.live.console.print(event["message"], markup=False)
        elif event.get("event") == "start":
            self._finish()
            self.task = self.live.add_task(_label(event), total=None, note="")
        elif event.get("event") == "end":
            self._finish()
        elif self.task is not None:
            note = escape(event.get("message", ""))[:34]
            self.live.update(self.task, completed=event.get("step", 0), total=event.get("total"), note=note)

    def _finish(self) -> None:
        if self.task is not None:
            self.live.update(self.task, completed=1, total=1, note="")
            self.live.stop_task(self.task)
            self.task = None


class JsonFollower:
    """Writes a run's events to the log, one JSON object a line."""

    def __init__(self) -> None:
        self.run_id: str | None = None

    def __enter__(self) -> JsonFollower:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def __call__(self, event: dict[str, Any]) -> None:
        self.run_id = event.get("run_id", self.run_id)
        kind = event.get("event", "progress")
        fields = {name: value for name, value in event.items() if name not in {"event", "message", "run_id"}}
        log("info", kind, event.get("message") or f"{event['node']} {kind}", run_id=self.run_id, **fields)

    def notice(self, message: str) -> None:
        """Log one sentence."""
        self({"node": "notice", "event": "notice", "message": message})


def _label(event: dict[str, Any]) -> str:
    round_ = event.get("round")
    node: str = event["node"]
    return _STEPS.get(node, node) + (f" (attempt {round_})" if round_ else "")
