"""Drive a run from the command line: show how it goes, ask its reviewer, and print what came of it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from . import console
from .tools.errors import InputError

if TYPE_CHECKING:
    from langgraph.runtime import RunControl

    from .graph.result import Result
    from .graph.runs import OnEvent, RunEnded, RunPaused
    from .progress import Follower, JsonFollower

    Launch = Callable[[OnEvent, RunControl], Coroutine[Any, Any, Result]]


def follow(launch: Launch, runs_dir: Path, as_json: bool, json_log: bool = False) -> None:
    """Run to the result or to what stands in its way; a reviewer at a terminal is asked as often as it takes."""
    from .graph.runs import RunEnded, RunFailed, RunPaused

    while True:
        try:
            result = _attempt(launch, runs_dir, json_log)
        except RunPaused as paused:
            answer = _review(paused, as_json or json_log)
            if answer is None:
                _show_paused(paused, runs_dir, as_json)
                return
            launch = _with_answer(paused.run_id, runs_dir, answer)
        except RunEnded as ended:
            _show_ended(ended, runs_dir, as_json)
            return
        except RunFailed as error:
            if as_json:
                failure = {"status": "failed", "failure": error.failure.model_dump()}
                _print({"run_id": error.run_id, **failure, "resume": _again(error.run_id, runs_dir)})
            console.show_failure(error.run_id, str(error), str(runs_dir))
            raise typer.Exit(error.exit_code) from error
        else:
            if as_json:
                print(result.model_dump_json(indent=2))
            else:
                console.show_result(result)
            return


def parse_answer(text: str | None) -> dict[str, Any] | None:
    """The reviewer's answer as given on the command line; what it may hold is checked with the run at hand."""
    if text is None:
        return None
    try:
        answer = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f'--answer takes JSON, such as \'{{"action": "approve"}}\' ({error}).') from error
    if not isinstance(answer, dict):
        raise InputError('--answer takes a JSON object, such as \'{"action": "approve"}\'.')
    return answer


def _attempt(launch: Launch, runs_dir: Path, json_log: bool) -> Result:
    from .progress import Follower, JsonFollower

    follower = JsonFollower() if json_log else Follower()
    try:
        with follower:
            return asyncio.run(_drained_by_sigterm(launch, follower))
    except KeyboardInterrupt:
        console.show_failure(follower.run_id or "", "Interrupted; nothing that was finished is lost.", str(runs_dir))
        raise typer.Exit(130) from None


async def _drained_by_sigterm(launch: Launch, follower: Follower | JsonFollower) -> Result:
    """SIGTERM lets the current step finish; then the run ends as resumable."""
    from langgraph.runtime import RunControl

    control = RunControl()

    def drain() -> None:
        follower.notice("Stopping after this step ...")
        control.request_drain("SIGTERM")

    loop = asyncio.get_running_loop()
    if sys.platform != "win32":  # which has no SIGTERM to wait for
        loop.add_signal_handler(signal.SIGTERM, drain)
    return await launch(follower, control)


def _review(paused: RunPaused, unattended: bool) -> dict[str, Any] | None:
    """The answer of whoever sits at the terminal; None where nobody does, or wants to answer later."""
    if unattended or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    from .review import ask

    return ask(paused.question)


def _with_answer(run_id: str, runs_dir: Path, answer: dict[str, Any]) -> Launch:
    from .graph.runs import resume

    return lambda on_event, control: resume(run_id, runs_dir, on_event, answer=answer, control=control)


def _show_paused(paused: RunPaused, runs_dir: Path, as_json: bool) -> None:
    again = _again(paused.run_id, runs_dir)
    if as_json:
        review = paused.question.model_dump(exclude_none=True)
        _print({"run_id": paused.run_id, "status": paused.status, "review": review, "resume": again})
    console.tell(str(paused), "paused", f"Answer with: {again}", run_id=paused.run_id, resume=again)


def _show_ended(ended: RunEnded, runs_dir: Path, as_json: bool) -> None:
    again = None if ended.status == "stopped" else _again(ended.run_id, runs_dir)
    if as_json:
        _print({"run_id": ended.run_id, "status": ended.status, "resume": again})
    remedy = "" if again is None else f"Resume it with: {again}"
    console.tell(str(ended), ended.status, remedy, run_id=ended.run_id, resume=again)


def _again(run_id: str, runs_dir: Path) -> str:
    return console.resume_command(run_id, str(runs_dir))


def _print(record: dict[str, Any]) -> None:
    print(json.dumps(record, indent=2, ensure_ascii=False))
