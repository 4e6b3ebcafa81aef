"""Start a run, resume one, and keep its run.json true whatever happens."""

import asyncio
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..tools.errors import InputError, PopcornError
from ..tools.query import validate_query
from .context import Context
from .driver import OnEvent, RunEnded, RunFailed, RunPaused, RunStopped, drive
from .folders import Failure, RunRecord, make_folder, new_run_id, only_one, read_record, run_folder, write_json
from .result import Result

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.runtime import RunControl

    from .workflow import Builder

__all__ = ["OnEvent", "RunEnded", "RunFailed", "RunPaused", "RunStopped", "check_settings", "resume", "start"]
_PACKAGES = ("popcorn-agents", "langgraph", "langchain-openai", "sentence-transformers", "faiss-cpu", "torch", "av")


async def start(
    query: str,
    context: Context,
    on_event: OnEvent | None = None,
    *,
    builder: "Builder | None" = None,
    run_id: str | None = None,
    saver: "BaseCheckpointSaver[str] | None" = None,
    control: "RunControl | None" = None,
) -> Result:
    """Run a query to its result; raises InputError before anything is written, RunFailed after.

    Where a reviewer is asked, raises RunPaused with the question; `resume` takes the answer. A drain of `control` ends
    the run after the current step with RunEnded. Many runs in one process share an open `saver` (see
    `open_checkpoints`); without one, runs_dir's own is opened.
    """
    query = validate_query(query)
    await asyncio.to_thread(check_settings, context)
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
    with _alone(folder):
        write_json(folder / "run.json", record)
        if on_event is not None:
            on_event({"node": "run", "event": "begin", "run_id": record.run_id})
            _announce_demonstration(context, on_event)
        try:
            return await drive(record, context, on_event, builder, saver, control, new=True)
        except (RunFailed, RunEnded):
            raise
        except PopcornError as error:  # the checkpoints could not be opened
            record.status, record.failure = "failed", Failure(node="checkpoints", cause=str(error))
            write_json(folder / "run.json", record)
            raise


async def resume(
    run_id: str,
    runs_dir: Path,
    on_event: OnEvent | None = None,
    *,
    builder: "Builder | None" = None,
    saver: "BaseCheckpointSaver[str] | None" = None,
    changes: dict[str, Any] | None = None,
    answer: dict[str, Any] | None = None,
    control: "RunControl | None" = None,
) -> Result:
    """Go on where a run stopped, with its own settings but for the `changes`; a finished run gives its result again.

    A paused run needs the reviewer's `answer` (see `Answer`); without one it raises RunPaused again.
    """
    folder = run_folder(runs_dir, run_id)
    record = read_record(folder)
    try:
        context = Context(**{**record.settings, "runs_dir": runs_dir, **(changes or {})})
    except ValidationError as error:
        raise InputError(f"Run {run_id} was made by another version whose settings differ; start it anew.") from error
    record.settings = context.model_dump(mode="json")
    if on_event is not None:
        on_event({"node": "run", "event": "begin", "run_id": run_id})
    with _alone(folder):
        if (over := read_record(folder)).status in {"finished", "stopped"}:  # its checkpoints may be pruned
            return _over(over, folder, answer)
        return await drive(record, context, on_event, builder, saver, control, new=False, answer=answer)


def _over(record: RunRecord, folder: Path, answer: dict[str, Any] | None) -> Result:
    if answer is not None:
        raise InputError(f"Run {record.run_id} waits for no answer; resume it without one.")
    if record.status == "stopped":
        raise RunStopped(record.run_id, f"Run {record.run_id} was stopped by its reviewer before it had a clip.")
    try:
        return Result.model_validate_json((folder / "result.json").read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(f"{folder / 'result.json'} cannot be read; it is damaged or from another version.") from error


@cache
def _versions() -> dict[str, str]:
    return {name: version(name) for name in _PACKAGES}


def check_settings(context: Context, *, renders: bool = True) -> None:
    """Find what is wrong with the settings before anything is written; raises InputError or PopcornError."""
    from ..tools.chat_model import check_model
    from ..tools.exemplars import open_store
    from .checkpoints import check_checkpoints

    check_checkpoints(context.checkpoints)
    if renders:
        _check_renderer(context)
    check_model(context.llm, context.gguf)
    if context.mode == "pe":
        open_store(context.exemplars, context.embedding)


def _check_renderer(context: Context) -> None:
    from ..tools.renderers import check_renderer

    check_renderer(context.renderer)
    if context.renderer == "remote":
        from ..tools.renderers.remote import server_of

        server_of(context.video_url, context.model)


def _announce_demonstration(context: Context, on_event: OnEvent) -> None:
    from ..tools.chat_model import DEMONSTRATION

    if context.llm == "embedded" and context.gguf is None:
        on_event({"node": "run", "event": "notice", "message": DEMONSTRATION})


def _alone(folder: Path) -> AbstractContextManager[None]:
    return only_one(folder, f"Run {folder.name} is going on in another process; wait for it or stop it first.")
