"""The command line: parse, call, print. Everything heavy is imported by the command that needs it."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from .cli_evaluation import evaluate, report
from .cli_tools import critic_app, exemplars_app, render, verify
from .options import Json, LogFormat, with_settings
from .tools.errors import InputError, PopcornError

app = typer.Typer(
    name="popcorn-agents",
    help="From a query to a scored micro-video: research, write, render, criticise, revise.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
RunsDir = Annotated[Path | None, typer.Option(help="Where run folders and checkpoints are kept.  [default: runs]")]


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        print(f"popcorn-agents {version('popcorn-agents')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """From a query to a scored micro-video."""


@app.command()
@with_settings()
def run(
    query: Annotated[str, typer.Argument(help="What the video shall be about, in quotes.")],
    log_format: LogFormat = "text",
    as_json: Json = False,
    **flags: Any,
) -> None:
    """Make a micro-video for QUERY: research, write, render, criticise, revise, and keep the best."""
    from . import console

    console.log_as_json(log_format == "json")
    console.trace()
    from .following import follow
    from .graph.context import load_context
    from .graph.runs import start

    context = load_context(**flags)
    follow(
        lambda on_event, control: start(query, context, on_event, control=control),
        context.runs_dir,
        as_json,
        log_format == "json",
    )


@app.command()
def resume(
    run_id: Annotated[str, typer.Argument(help="The run to go on with; `popcorn-agents runs` lists them.")],
    runs_dir: RunsDir = None,
    llm: Annotated[str | None, typer.Option(help="Go on with another language model.")] = None,
    answer: Annotated[
        str | None,
        typer.Option(
            help="The review that a paused run waits for, as JSON: "
            '{"action": "approve|edit|reject|stop"}, with "note" to reject and "title", "cover_prompt" or '
            '"video_prompt" to edit.'
        ),
    ] = None,
    log_format: LogFormat = "text",
    as_json: Json = False,
) -> None:
    """Go on with a run that failed, was interrupted or killed, without repeating what it had finished."""
    from . import console

    console.log_as_json(log_format == "json")
    console.trace()
    from .following import follow, parse_answer
    from .graph.context import load_context
    from .graph.runs import resume as resume_run

    changes = {} if llm is None else {"llm": llm}
    reviewed = parse_answer(answer)
    folder = load_context(runs_dir=runs_dir).runs_dir
    follow(
        lambda on_event, control: resume_run(
            run_id, folder, on_event, changes=changes, answer=reviewed, control=control
        ),
        folder,
        as_json,
        log_format == "json",
    )


@app.command()
def runs(
    run_id: Annotated[str | None, typer.Argument(help="Show this run; without it, list all.")] = None,
    runs_dir: RunsDir = None,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune",
            help="Let go of the checkpoints of runs that are finished or stopped; their folders and results stay.",
        ),
    ] = False,
    timeline: Annotated[
        bool, typer.Option("--timeline", help="Draw the run's steps in time, with tokens, cost and device seconds.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the runs, newest first, or show one."""
    from . import console
    from .graph.context import load_context
    from .graph.folders import list_records, read_record, run_folder

    folder = load_context(runs_dir=runs_dir).runs_dir
    if prune:
        if run_id is not None:
            raise InputError("--prune is for all runs that are over; leave the run id out.")
        _prune(folder, as_json)
        return
    if timeline:
        if run_id is None:
            raise InputError("--timeline needs a run id; `popcorn-agents runs` lists them.")
        from .timeline import show_timeline

        show_timeline(read_record(run_folder(folder, run_id)), as_json)
        return
    if run_id is not None:
        console.show_run(read_record(run_folder(folder, run_id)), run_folder(folder, run_id), as_json)
        return
    records = list_records(folder)
    if as_json:
        import json

        print(json.dumps({"runs": [record.model_dump(mode="json") for record in records]}, indent=2))
    else:
        console.show_runs(records)


def _prune(folder: Path, as_json: bool) -> None:
    import asyncio
    import json

    from .graph.pruning import prune

    pruned, freed = asyncio.run(prune(folder))
    if as_json:
        print(json.dumps({"pruned": pruned, "freed_bytes": freed}))
    else:
        print(f"Checkpoints of {pruned} runs removed; {freed / 1e6:.1f} MB of disk freed.")


@app.command()
def doctor(runs_dir: RunsDir = None, as_json: Json = False) -> None:
    """Say what is installed, which models and devices can be used, and what to do about what is missing."""
    from . import console
    from .graph.context import load_context
    from .tools.doctor import examine

    context = load_context(runs_dir=runs_dir)
    checks = examine(
        context.runs_dir, context.cache_dir, context.exemplars, context.embedding, context.gguf, context.video_url
    )
    console.show_checks(checks, as_json)
    if any(check.status == "missing" for check in checks):
        raise typer.Exit(1)


app.command("evaluate")(evaluate)
app.command("report")(report)
app.command("render")(render)
app.command("verify")(verify)
app.add_typer(exemplars_app, name="exemplars")
app.add_typer(critic_app, name="critic")


def main(argv: list[str] | None = None) -> None:
    """Run the command line; every expected error ends as one sentence and its exit code."""
    from . import console

    console.log_as_json(False)  # until the command says otherwise
    try:
        app(argv, prog_name="popcorn-agents")
    except PopcornError as error:
        console.fail(str(error))
        sys.exit(error.exit_code)
