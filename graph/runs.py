"""Start a run, resume one, and keep its run.json true whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from ..agents.scriptwriter import Usage
from ..tools.errors import InputError, PopcornError
from ..tools.query import validate_query
from .context import Context
from .folders import Failure, RunRecord, Status, make_folder, new_run_id, read_record, run_folder, write_json
from .result import Result
from .state import InputState, State

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from .workflow import Builder

OnEvent = Callable[[dict[str, Any]], None]
_PACKAGES = ("popcorn-agents", "langgraph", "langchain-openai", "sentence-transformers", "faiss-cpu", "torch", "av")


class RunFailed(PopcornError):
    """A run stopped in a node; it can be resumed."""

    def __init__(self, run_id: str, failure: Failure, exit_code: int = 1) -> None:
        super().__init__(f"The {failure.node} step failed: {failure.cause}")
        self.run_id = run_id
        self.failure = failure
        self.exit_code = exit_code


async def start(
    query: str,
    context: Context,
    on_event: OnEvent | None = None,
    *,
    builder: "Builder | None" = None,
    run_id: str | None = None,
    saver: "BaseCheckpointSaver[str] | None" = None,
) -> Result:
    """Run a query to its result; raises InputError before anything is written, RunFailed after.

    Many runs in one process share an open `saver` (see `open_checkpoints`); without one, runs_dir's own is opened.
    """
    query = validate_query(query)
    await asyncio.to_thread(_check, context)
    now = datetime.now(UTC)
    record = RunRecord(
        run_id=run_id or new_run_id(query),
        query=query,
        status="running",
        created=now,
        updated=now,
        settings=context.model_dump(mode="json"),
        versions=_versions(),
    )
    folder = run_folder(context.runs_dir, record.run_id)
    make_folder(folder)
    with _only_one(folder):
        write_json(folder / "run.json", record)
        if on_event is not None:
            on_event({"node": "run", "event": "begin", "run_id": record.run_id})
            _announce_demonstration(context, on_event)
        return await _drive(record, context, on_event, builder, saver, new=True)


async def resume(
    run_id: str,
    runs_dir: Path,
    on_event: OnEvent | None = None,
    *,
    builder: "Builder | None" = None,
    saver: "BaseCheckpointSaver[str] | None" = None,
    changes: dict[str, Any] | None = None,
) -> Result:
    """Go on where a run stopped, with its own settings but for the `changes`; a finished run gives its result again."""
    folder = run_folder(runs_dir, run_id)
    record = read_record(folder)
    try:
        context = Context(**{**record.settings, "runs_dir": runs_dir, **(changes or {})})
    except ValidationError as error:
        raise InputError(f"Run {run_id} was made by another version whose settings differ; start it anew.") from error
    record.settings = context.model_dump(mode="json")
    if on_event is not None:
        on_event({"node": "run", "event": "begin", "run_id": run_id})
    with _only_one(folder):
        return await _drive(record, context, on_event, builder, saver, new=False)


@cache
def _versions() -> dict[str, str]:
    return {name: version(name) for name in _PACKAGES}


def _check(context: Context) -> None:
    """Find what is wrong with the settings before anything is written; raises InputError or PopcornError."""
    from ..tools.chat_model import check_model
    from ..tools.exemplars import open_store
    from ..tools.renderers import check_renderer

    check_renderer(context.renderer)
    check_model(context.llm, context.gguf)
    if context.mode == "pe":
        open_store(context.exemplars, context.embedding)


def _announce_demonstration(context: Context, on_event: OnEvent) -> None:
    from ..tools.chat_model import DEMONSTRATION

    if context.llm == "embedded" and context.gguf is None:
        on_event({"node": "run", "event": "notice", "message": DEMONSTRATION})


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout:
        raise InputError(f"Run {folder.name} is going on in another process; wait for it or stop it first.") from None


async def _drive(
    record: RunRecord,
    context: Context,
    on_event: OnEvent | None,
    builder: "Builder | None",
    saver: "BaseCheckpointSaver[str] | None",
    *,
    new: bool,
) -> Result:
    from .checkpoints import open_checkpoints
    from .workflow import build_graph

    config: RunnableConfig = {
        "configurable": {"thread_id": record.run_id},
        "recursion_limit": 3 * (context.max_revisions + 1) + 5,
    }
    checkpoints = nullcontext(saver) if saver else open_checkpoints(context.runs_dir)
    async with checkpoints as checkpointer, _recorded(record, context) as progress:
        app = (builder or build_graph()).compile(checkpointer=checkpointer, name="popcorn")
        before = None if new else await app.aget_state(config)
        first = None if before and before.values else InputState(query=record.query, run_id=record.run_id)
        progress.state = cast(State, before.values if before else {})
        try:
            if first or (before and before.next):  # a finished run has nothing left to do
                stream = app.astream(
                    first, config, context=context, stream_mode=["custom", "values"], durability="sync"
                )
                async for mode, part in cast(AsyncIterator[tuple[str, Any]], stream):
                    if mode == "values":
                        progress.state = part
                        continue
                    progress.node = part["node"]
                    if on_event is not None:
                        on_event(part)
        except asyncio.CancelledError:
            if on_event is not None:  # what runs in a thread ends first, which can take a few seconds
                on_event({"node": progress.node, "event": "notice", "message": "Stopping ..."})
            raise
    return progress.state["result"]


class _Progress:
    """How far a run is, for run.json."""

    def __init__(self) -> None:
        self.node = "research"
        self.state: State = {}  # type: ignore[typeddict-item]  # what the nodes have returned so far


@asynccontextmanager
async def _recorded(record: RunRecord, context: Context) -> AsyncIterator[_Progress]:
    """Keep run.json true: finished with its figures, failed with node and cause, or interrupted."""
    progress = _Progress()
    path = run_folder(context.runs_dir, record.run_id) / "run.json"
    try:
        yield progress
    except (asyncio.CancelledError, KeyboardInterrupt):
        failure = Failure(node=progress.node, cause="interrupted")
        _close(record, path, "interrupted", progress.state, failure)
        raise
    except Exception as error:  # whatever it was, the run must say so and stay resumable
        failure = Failure(node=progress.node, cause=_cause(error))
        _close(record, path, "failed", progress.state, failure)
        raise RunFailed(record.run_id, failure, getattr(error, "exit_code", 1)) from error
    _close(record, path, "finished", progress.state, None)


def _close(record: RunRecord, path: Path, status: Status, state: State, failure: Failure | None) -> None:
    record.status, record.failure, record.updated = status, failure, datetime.now(UTC)
    record.timings = [timing.model_dump() for timing in state.get("timings", [])]
    spent = [state["brief"].usage] if "brief" in state else []
    spent += [attempt.script.usage for attempt in state.get("attempts", [])]
    record.usage = sum(spent, Usage()).model_dump()
    if result := state.get("result"):
        record.title, record.percentile = result.title, result.score.percentile
    write_json(path, record)


def _cause(error: Exception) -> str:
    return str(error) if isinstance(error, PopcornError) else f"{type(error).__name__}: {error}"
