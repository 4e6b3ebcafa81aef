"""The command line: parse, call, print. Everything heavy is imported by the command that needs it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .cli_tools import critic_app, exemplars_app, render, verify
from .options import Json, with_settings
from .tools.errors import PopcornError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .graph.result import Result
    from .graph.runs import OnEvent

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
    as_json: Json = False,
    **flags: Any,
) -> None:
    """Make a micro-video for QUERY: research, write, render, criticise, revise, and keep the best."""
    from .graph.context import load_context
    from .graph.runs import start

    context = load_context(**flags)
    _follow(lambda on_event: start(query, context, on_event), context.runs_dir, as_json)


@app.command()
def resume(
    run_id: Annotated[str, typer.Argument(help="The run to go on with; `popcorn-agents runs` lists them.")],
    runs_dir: RunsDir = None,
    llm: Annotated[str | None, typer.Option(help="Go on with another language model.")] = None,
    as_json: Json = False,
) -> None:
    """Go on with a run that failed, was interrupted or killed, without repeating what it had finished."""
    from .graph.context import load_context
    from .graph.runs import resume as resume_run

    changes = {} if llm is None else {"llm": llm}
    folder = load_context(runs_dir=runs_dir).runs_dir
    _follow(lambda on_event: resume_run(run_id, folder, on_event, changes=changes), folder, as_json)


def _follow(launch: "Callable[[OnEvent], Coroutine[Any, Any, Result]]", runs_dir: Path, as_json: bool) -> None:
    """Drive a run, show how it goes, and print what came of it."""
    import asyncio
    import json

    from . import console
    from .graph.runs import RunFailed
    from .progress import Follower

    follower = Follower()
    try:
        with follower:
            result = asyncio.run(launch(follower))
    except KeyboardInterrupt:
        console.show_failure(follower.run_id or "", "Interrupted; nothing that was finished is lost.", str(runs_dir))
        raise typer.Exit(130) from None
    except RunFailed as error:
        if as_json:
            again = console.resume_command(error.run_id, str(runs_dir))
            failure = {
                "run_id": error.run_id,
                "status": "failed",
                "failure": error.failure.model_dump(),
                "resume": again,
            }
            print(json.dumps(failure, indent=2))
        console.show_failure(error.run_id, str(error), str(runs_dir))
        raise typer.Exit(error.exit_code) from error
    if as_json:
        print(result.model_dump_json(indent=2))
    else:
        console.show_result(result)


@app.command()
def runs(
    run_id: Annotated[str | None, typer.Argument(help="Show this run; without it, list all.")] = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """List the runs, newest first, or show one."""
    from . import console
    from .graph.context import load_context
    from .graph.folders import list_records, read_record, run_folder

    folder = load_context(runs_dir=runs_dir).runs_dir
    if run_id is not None:
        console.show_run(read_record(run_folder(folder, run_id)), run_folder(folder, run_id), as_json)
        return
    records = list_records(folder)
    if as_json:
        import json

        print(json.dumps({"runs": [record.model_dump(mode="json") for record in records]}, indent=2))
    else:
        console.show_runs(records)


@app.command()
def doctor(runs_dir: RunsDir = None, as_json: Json = False) -> None:
    """Say what is installed, which models and devices can be used, and what to do about what is missing."""
    from . import console
    from .graph.context import load_context
    from .tools.doctor import examine

    context = load_context(runs_dir=runs_dir)
    checks = examine(context.runs_dir, context.cache_dir, context.exemplars, context.embedding, context.gguf)
    console.show_checks(checks, as_json)
    if any(check.status == "missing" for check in checks):
        raise typer.Exit(1)


app.command("render")(render)
app.command("verify")(verify)
app.add_typer(exemplars_app, name="exemplars")
app.add_typer(critic_app, name="critic")


def main(argv: list[str] | None = None) -> None:
    """Run the command line; every expected error ends as one sentence and its exit code."""
    try:
        app(argv, prog_name="popcorn-agents")
    except PopcornError as error:
        from . import console

        console.fail(str(error))
        sys.exit(error.exit_code)
