"""Drive one run from where it stands to its result, and keep its run.json true whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from ..agents.reviewer import Answer, Question
from ..agents.scriptwriter import Usage
from ..tools.errors import InputError, PopcornError
from .context import Context
from .folders import Failure, RunRecord, Status, run_folder, write_json
from .result import Result
from .spans import of_run
from .state import InputState, State

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.graph.state import CompiledStateGraph
    from langgraph.runtime import RunControl
    from langgraph.types import StateSnapshot

    from .workflow import Builder

OnEvent = Callable[[dict[str, Any]], None]


class RunFailed(PopcornError):
    """A run stopped in a node; it can be resumed."""

    def __init__(self, run_id: str, failure: Failure, exit_code: int = 1) -> None:
        super().__init__(f"The {failure.node} step failed: {failure.cause}")
        self.run_id = run_id
        self.failure = failure
        self.exit_code = exit_code


class RunEnded(PopcornError):
    """A run was told to end after the current step, and did; it can be resumed."""

    exit_code = 0
    status: Status = "interrupted"

    def __init__(self, run_id: str, sentence: str) -> None:
        super().__init__(sentence)
        self.run_id = run_id


class RunStopped(RunEnded):
    """The reviewer stopped a run before it had a clip; there is nothing to resume."""

    status: Status = "stopped"


class RunPaused(RunEnded):
    """A run waits for its reviewer; `question` says for what, and `resume` takes the answer."""

    status: Status = "paused"

    def __init__(self, run_id: str, question: Question) -> None:
        super().__init__(run_id, f"Run {run_id} waits for a review of its {question.of} (attempt {question.round}).")
        self.question = question


async def drive(
    record: RunRecord,
    context: Context,
    on_event: OnEvent | None,
    builder: "Builder | None",
    saver: "BaseCheckpointSaver[str] | None",
    control: "RunControl | None",
    *,
    new: bool,
    answer: dict[str, Any] | None = None,
) -> Result:
    """Run what is left of a run; raises RunFailed, RunPaused, RunStopped, RunEnded, and InputError for a bad answer."""
    from .checkpoints import open_checkpoints
    from .workflow import build_graph

    config: RunnableConfig = {
        "configurable": {"thread_id": record.run_id},
        "recursion_limit": step_limit(context),
    }
    checkpoints = nullcontext(saver) if saver else open_checkpoints(context.runs_dir, context.checkpoints)
    async with checkpoints as checkpointer:
        app = (builder or build_graph()).compile(checkpointer=checkpointer, name="popcorn")
        before = None if new else await app.aget_state(config)
        first = await asyncio.to_thread(_first, record, before, answer)
        async with _recorded(record, context, before) as progress:
            with of_run(record.run_id, context, RunEnded):
                if first is not None or (before and before.next):  # a finished run has nothing left to do
                    _reopen(record, context)
                    await _follow(app, first, config, context, control, progress, on_event)
                if context.review != "off":
                    _check_review(record, await app.aget_state(config))
    return progress.state["result"]


def _first(record: RunRecord, before: "StateSnapshot | None", answer: dict[str, Any] | None) -> Any:
    """What the graph is to begin with: the query, the reviewer's answer, or nothing to go on after a failure."""
    if before is None or not before.values:
        if answer is not None:
            raise InputError(f"Run {record.run_id} waits for no answer; resume it without one.")
        return InputState(query=record.query, run_id=record.run_id)
    if not before.interrupts:
        if answer is not None:
            raise InputError(f"Run {record.run_id} waits for no answer; resume it without one.")
        return None
    if answer is None:
        raise RunPaused(record.run_id, Question.model_validate(before.interrupts[0].value))
    from langgraph.types import Command

    try:
        checked = Answer.model_validate(answer)
    except ValidationError as error:
        raise InputError(answer_fault(error)) from error
    return Command(resume={before.interrupts[0].id: checked.model_dump(exclude_none=True)})


def _reopen(record: RunRecord, context: Context) -> None:
    if record.status != "running":
        record.status, record.failure, record.updated = "running", None, datetime.now(UTC)
        write_json(run_folder(context.runs_dir, record.run_id) / "run.json", record)


def answer_fault(error: ValidationError) -> str:
    """What is wrong with a reviewer's answer, in one sentence."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    said = first["msg"].removeprefix("Value error, ")
    return f"The answer cannot be used: {where + ': ' if where else ''}{said[:1].lower()}{said[1:]}."


def _check_review(record: RunRecord, after: "StateSnapshot") -> None:
    if after.interrupts:
        raise RunPaused(record.run_id, Question.model_validate(after.interrupts[0].value))
    if "result" not in after.values:
        raise RunStopped(record.run_id, f"Run {record.run_id} was stopped by its reviewer before it had a clip.")


async def _follow(
    app: "CompiledStateGraph[State, Context, InputState, State]",
    first: Any,
    config: "RunnableConfig",
    context: Context,
    control: "RunControl | None",
    progress: "_Progress",
    on_event: OnEvent | None,
) -> None:
    """Run the graph, passing its events on."""
    from langgraph.errors import GraphDrained

    try:
        stream = app.astream(
            first,
            config,
            context=context,
            stream_mode=["custom", "values"],
            durability="sync",
            control=control,
        )
        async for mode, part in cast(AsyncIterator[tuple[str, Any]], stream):
            if mode == "values":
                progress.state = part
                continue
            progress.node = part["node"]
            if on_event is not None:
                on_event(part)
    except GraphDrained as drained:
        run_id = config["configurable"]["thread_id"]
        raise RunEnded(run_id, f"Run {run_id} stopped after the {progress.node} step, as it was told to.") from drained
    except asyncio.CancelledError:
        if on_event is not None:  # what runs in a thread ends first, which can take a few seconds
            on_event({"node": progress.node, "event": "notice", "message": "Stopping ..."})
        raise


class _Progress:
    """How far a run is, for run.json."""

    def __init__(self, before: "StateSnapshot | None") -> None:
        self.node = "research"
        self.state = cast(State, before.values if before else {})  # what the nodes have returned so far


@asynccontextmanager
async def _recorded(record: RunRecord, context: Context, before: "StateSnapshot | None") -> AsyncIterator[_Progress]:
    """Keep run.json true: finished with its figures, failed with node and cause, paused, stopped or interrupted."""
    progress = _Progress(before)
    path = run_folder(context.runs_dir, record.run_id) / "run.json"
    try:
        yield progress
    except (asyncio.CancelledError, KeyboardInterrupt):
        failure = Failure(node=progress.node, cause="interrupted")
        _close(record, path, "interrupted", progress.state, failure)
        raise
    except RunEnded as ended:
        _close(record, path, ended.status, progress.state, None)
        raise
    except Exception as error:  # whatever it was, the run must say so and stay resumable
        failure = Failure(node=progress.node, cause=cause_of(error))
        _close(record, path, "failed", progress.state, failure)
        raise RunFailed(record.run_id, failure, getattr(error, "exit_code", 1)) from error
    _close(record, path, "finished", progress.state, None)


def _close(record: RunRecord, path: Path, status: Status, state: State, failure: Failure | None) -> None:
    record.status, record.failure, record.updated = status, failure, datetime.now(UTC)
    record.timings = [timing.model_dump() for timing in state.get("timings", [])]
    record.usage = sum((timing.usage for timing in state.get("timings", [])), Usage()).model_dump()
    if result := state.get("result"):
        record.title, record.percentile = result.title, result.score.percentile
    write_json(path, record)


def step_limit(context: Context) -> int:
    """More steps than a run of these settings can take without a review, which begins the count anew."""
    return 5 * (context.max_revisions + 1) + 8


def cause_of(error: Exception) -> str:
    """Why a step failed, in a sentence of ours or else in the library's words with the kind of error."""
    return str(error) if isinstance(error, PopcornError) else f"{type(error).__name__}: {error}"
