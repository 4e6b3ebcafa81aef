"""popcorn-agents as a library: one call for a run, and a tool for other agents.

Settings are those of the command line, with underscores (`max_revisions=0`); what is not given comes from the
POPCORN_* variables, popcorn.toml and the defaults.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from .tools.errors import InputError, PopcornError

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from .graph.driver import OnEvent
    from .graph.result import Result


async def arun(query: str, *, on_event: OnEvent | None = None, **settings: Any) -> Result:
    """Make a micro-video; `on_event` is told the progress. Raises InputError before anything is written.

    RunFailed and RunPaused carry the `run_id` with which `popcorn_agents.graph.runs.resume` goes on.
    """
    from .graph.context import load_context
    from .graph.runs import start

    context = await asyncio.to_thread(load_context, **settings)
    return await start(query, context, on_event)


def run(query: str, *, on_event: OnEvent | None = None, **settings: Any) -> Result:
    """`arun` for programs without an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(arun(query, on_event=on_event, **settings))
    raise InputError("run() cannot be used inside an event loop, such as a notebook's; await arun() instead.")


def as_tool(**settings: Any) -> BaseTool:
    """A LangChain tool `make_micro_video(query)`; it answers with JSON, or with the sentence of what went wrong."""
    from langchain_core.tools import StructuredTool, ToolException

    async def make(query: str) -> str:
        try:
            return _answer(await arun(query, **settings))
        except PopcornError as error:
            raise ToolException(str(error)) from error

    def make_now(query: str) -> str:
        try:
            return _answer(run(query, **settings))
        except PopcornError as error:
            raise ToolException(str(error)) from error

    return StructuredTool.from_function(
        make_now,
        coroutine=make,
        name="make_micro_video",
        description="Make a three-second vertical micro-video for a query: what it shall be about, in one sentence. "
        "Takes about a minute. Answers with the title, the files, and a predicted rank among short videos (0 to 100).",
        handle_tool_error=True,
    )


def _answer(result: Result) -> str:
    said = result.model_dump(mode="json", include={"run_id", "title", "video_path", "cover_path"})
    return json.dumps({**said, "predicted_percentile": round(result.score.percentile, 1)}, ensure_ascii=False)
