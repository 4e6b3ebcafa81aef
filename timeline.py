"""A run's steps in time: when each ran, what it asked of the language model and of the device."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.table import Table

from .console import out

if TYPE_CHECKING:
    from .graph.folders import RunRecord

WIDTH = 28
SHOWN_PAUSE = 1.0


def show_timeline(record: RunRecord, as_json: bool) -> None:
    """One bar a step, left to right; waiting in between (a review, a resume) is named but takes no room."""
    if as_json:
        print(json.dumps({"run_id": record.run_id, "status": record.status, "steps": record.timings}, indent=2))
        return
    console = out()
    if not record.timings:
        console.print(f"Run {record.run_id}: {record.status}; no step was finished yet.", markup=False, soft_wrap=True)
        return
    table = Table("Step", "", "s", "Tokens", "Cost", "Device s", box=None, pad_edge=False)
    whole = sum(step["seconds"] for step in record.timings) or 1.0
    begun, last = 0.0, None
    for step in record.timings:
        pause = step["started"] - last if last else 0.0
        if pause >= SHOWN_PAUSE:
            table.add_row("waited", "", f"{pause:.1f}", style="dim")
        table.add_row(_name(step), _bar(begun, step["seconds"], whole), f"{step['seconds']:.1f}", *_spent(step))
        begun, last = begun + step["seconds"], step["started"] + step["seconds"]
    console.print(f"Run {record.run_id}: {record.status}, {whole:.1f} s of work", markup=False, soft_wrap=True)
    console.print(table)


def _name(step: dict[str, Any]) -> str:
    return f"{step['node']} {step['round']}" if step["round"] else str(step["node"])


def _bar(begun: float, seconds: float, whole: float) -> str:
    first = min(round(WIDTH * begun / whole), WIDTH - 1)
    return " " * first + "█" * max(1, round(WIDTH * (begun + seconds) / whole) - first)


def _spent(step: dict[str, Any]) -> tuple[str, str, str]:
    usage = step.get("usage") or {}
    tokens = cost = ""
    if usage.get("calls"):
        tokens = f"{usage['input_tokens']} + {usage['output_tokens']}"
        cost = "?" if usage["cost"] is None else f"${usage['cost']:.4f}"
    device = step.get("device_seconds") or 0.0
    return tokens, cost, f"{device:.1f}" if device else ""
