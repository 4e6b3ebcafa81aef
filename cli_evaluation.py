"""The commands of researchers: evaluate a plan, report its results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .options import Json
from .tools.errors import InputError, PopcornError

if TYPE_CHECKING:
    from .evaluation.plan import Plan
    from .evaluation.records import Trial, TrialResult
    from .evaluation.runner import OnTrial, Stages, Tally


def evaluate(
    plan: Annotated[str, typer.Argument(help="A YAML file, or the name of a ready plan such as smoke.")],
    out: Annotated[Path, typer.Option(help="Folder of the results; the same command again goes on in it.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE: a setting of every system that has none of its own; repeatable."),
    ] = None,
    queries: Annotated[
        str | None, typer.Option(help="Other queries: popcorn, hub, or a text, CSV or JSONL file.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="The first N queries only.")] = None,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="local: this process; ray: Ray actors, on one machine or many.")
    ] = "local",
    ray_address: Annotated[
        str | None,
        typer.Option(help="HOST:PORT or auto: join this Ray cluster (RAY_ADDRESS too); else one is started here."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the plan and say what it would take, without a call.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run every system of PLAN on its queries and seeds, and append each result to OUT/results.jsonl."""
    from . import console
    from .evaluation.plan import load_plan, narrowed, trials
    from .evaluation.query_sets import load_queries
    from .evaluation.runner import check_plan

    loaded = narrowed(load_plan(plan), _pairs(settings or []), queries, limit)
    asked = trials(loaded, load_queries(loaded.queries))
    if dry_run:
        _estimate(loaded, asked, as_json)
        return
    check_plan(loaded)
    console.trace()
    _run(loaded, asked, out, as_json, _stages(engine, ray_address))


def _stages(engine: str, ray_address: str | None) -> Stages | None:
    if engine == "local":
        if ray_address is not None:
            raise InputError("--ray-address belongs to --engine ray.")
        return None
    from .evaluation.ray_stages import ray_stages

    return ray_stages(ray_address)


def _pairs(settings: list[str]) -> dict[str, Any]:
    import yaml

    found = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name.strip():
            raise InputError(f"--set takes NAME=VALUE, such as llm=embedded (got {setting[:80]!r}).")
        try:
            found[name.strip().replace("-", "_")] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise InputError(f"--set {name}: {value[:80]!r} is no value; quote it.") from error
    return found


def _estimate(plan: Plan, asked: list[Trial], as_json: bool) -> None:
    from rich.table import Table

    from . import console
    from .evaluation.estimate import estimate

    found, missing = estimate(plan, asked), _missing(plan)
    if as_json:
        console.show_record({**found.model_dump(mode="json"), "missing": missing}, as_json)
        return
    table = Table(title=f"{plan.name}: what it would take (estimates)", title_justify="left", box=None, pad_edge=False)
    for name in ("What", "Estimate", "Where from"):
        table.add_column(name, overflow="fold")
    for row in found.rows:
        table.add_row(*row)
    console.out().print(table)
    if missing:
        console.out().print(f"Before it can run: {missing}", soft_wrap=True, markup=False)


def _missing(plan: Plan) -> str:
    """What keeps the plan from running as things stand, such as a key; empty where nothing does."""
    from .evaluation.runner import check_plan

    try:
        check_plan(plan)
    except PopcornError as error:
        return str(error)
    return ""


def _run(plan: Plan, asked: list[Trial], out: Path, as_json: bool, stages: Stages | None) -> None:
    import asyncio
    import signal
    import sys

    from . import console
    from .evaluation.runner import evaluate as run_plan

    again = "nothing that was finished is lost; run the same command again to go on"

    async def stoppable(on_trial: OnTrial) -> Tally:
        task = asyncio.ensure_future(run_plan(plan, asked, out, on_trial, stages=stages))
        if sys.platform != "win32":  # which has no SIGTERM to wait for
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await task

    try:
        with TrialProgress() as progress:
            tally = asyncio.run(stoppable(progress))
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.fail(f"Interrupted; {again}.")
        raise typer.Exit(130) from None
    _show(tally, out, as_json)
    if tally.failed:
        raise typer.Exit(1)


class TrialProgress:
    """Trials as they end: a bar with the remaining time on a terminal, one plain line each elsewhere."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from .console import err

        self.console = err()
        columns = (TextColumn("Trials"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeRemainingColumn())
        self.live = Progress(
            *columns, TextColumn("{task.fields[note]}"), console=self.console, speed_estimate_period=600
        )
        self.task: Any = None

    def __enter__(self) -> TrialProgress:
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()

    def __call__(self, result: TrialResult, tally: Tally) -> None:
        ended = tally.finished + tally.failed
        what = f"{result.system}: {result.query.text}"
        if result.failure is not None:
            what = f"{result.system} failed at {result.failure.node}: {result.failure.cause}"
        if not self.console.is_terminal:
            self.console.print(f"{ended}/{tally.total} {what}", soft_wrap=True, markup=False)
            return
        if self.task is None:
            self.task = self.live.add_task("", total=tally.total, completed=tally.before, note="")
        if result.failure is not None:
            self.live.console.print(what, soft_wrap=True, markup=False)
        self.live.update(self.task, completed=ended, note=f"{tally.failed} failed" if tally.failed else "")


def _show(tally: Tally, out: Path, as_json: bool) -> None:
    from .console import out as stdout

    if as_json:
        print(tally.model_dump_json(indent=2))
        return
    lines = [f"{tally.finished} of {tally.total} trials finished, {tally.failed} failed."]
    lines += [f"  {count} x {cause}" for cause, count in sorted(tally.causes.items(), key=lambda item: -item[1])]
    if tally.failed:
        lines.append("The same command again tries the failed ones once more.")
    lines.append(f"Report: popcorn-agents report {out}")
    stdout().print("\n".join(lines), soft_wrap=True, markup=False)


def report(
    folder: Annotated[Path, typer.Argument(help="The folder that `evaluate` wrote to.")],
    as_json: Json = False,
) -> None:
    """Write FOLDER/report.html, report.md, tables/ and figures/ from its results, and print what they say."""
    import json

    from . import console
    from .evaluation.reporting.report import make_report, write_report
    from .progress import Follower

    with Follower() as follower:

        def progress(what: str, step: int, total: int) -> None:
            follower({"node": "report", "message": what, "step": step, "total": total})

        follower({"node": "Report", "event": "start"})
        made = make_report(folder, progress)
        files = write_report(folder, progress, made)
    if as_json:
        print(
            json.dumps({"summary": made.summary, "files": [str(file) for file in files]}, indent=2, ensure_ascii=False)
        )
        return
    lines = [*made.summary, "", f"{files[0]}", f"{files[1]}", f"and {len(files) - 2} tables and figures beside them"]
    console.out().print("\n".join(lines), soft_wrap=True, markup=False)
