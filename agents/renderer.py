"""The renderer's node: the script as a clip, drawn in a worker thread that stops when the run is cancelled."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

from ..tools.errors import Cancelled, PopcornError
from ..tools.renderers import Clip, Progress, Remaining, RenderRequest
from ..tools.renderers import render as render_clip

if TYPE_CHECKING:
    from collections.abc import Callable

    from langgraph.runtime import Runtime

    from ..graph.context import Context
    from ..graph.state import State

SECONDS_BETWEEN_EVENTS = 0.1


async def render(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Render the script's prompts; equal scripts and settings give the clip that is already there."""
    context, script = runtime.context, state["script"]
    request = RenderRequest(
        prompt=script.video_prompt,
        title=script.title,
        cover_prompt=script.cover_prompt,
        **context.model_dump(include=set(RenderRequest.model_fields)),
    )
    stop = threading.Event()
    loop, write = asyncio.get_running_loop(), runtime.stream_writer

    def tell(event: dict[str, Any]) -> None:
        loop.call_soon_threadsafe(write, event)

    work = asyncio.to_thread(render_clip, request, context.renderer, context.cache_dir / "clips", reporter(tell, stop))
    try:
        async with asyncio.timeout(context.render_timeout):
            clip: Clip = await _stopping(work, stop)
    except TimeoutError as error:
        raise PopcornError(
            f"The render took longer than {context.render_timeout:g} s and was stopped; "
            "resume the run, or allow more with --render-timeout."
        ) from error
    message = "found the clip of this script" if clip.cached else f"clip of {clip.seconds:g} s drawn"
    write({"node": "render", "message": message})
    return {"clip": clip}


def reporter(tell: Callable[[dict[str, Any]], None], stop: threading.Event) -> Progress:
    """A progress callback that passes on at most ten events a second, and raises Cancelled once `stop` is set."""
    last, left = 0.0, Remaining()

    def report(done: int, total: int) -> None:
        nonlocal last
        if stop.is_set():
            raise Cancelled("The render was cancelled; resume the run to render again.")
        now, message = time.monotonic(), left(done, total)
        if done == total or now - last >= SECONDS_BETWEEN_EVENTS:
            last = now
            tell({"node": "render", "message": message, "step": done, "total": total})

    return report


async def _stopping(work: Any, stop: threading.Event) -> Clip:
    """Await the worker; when this coroutine is cancelled, tell the worker and wait until it has let go of its files."""
    task = asyncio.ensure_future(work)
    try:
        clip: Clip = await asyncio.shield(task)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # taken note of, or asyncio would report it as forgotten
        raise
    return clip
