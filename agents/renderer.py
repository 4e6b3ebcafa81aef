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
    loop, write = asyncio.get_running_loop(), runtime.stream_writer

    def tell(event: dict[str, Any]) -> None:
        loop.call_soon_threadsafe(write, event)

    try:
        clip = await _drawn(request, context, tell)
    except HungError as hung:
        write({"node": "render", "event": "notice", "message": f"{hung}; trying once more."})
        clip = await _drawn(request, context, tell, again=True)
        clip = clip.model_copy(update={"checks": {**clip.checks, "retried": f"{hung}."}})
    message = "found the clip of this script" if clip.cached else f"clip of {clip.seconds:g} s drawn"
    write({"node": "render", "message": message})
    return {"clip": clip}


class HungError(Exception):
    """A render made no step for at least half of its time: it hangs, and is not merely slow."""


async def _drawn(
    request: RenderRequest, context: Context, tell: Callable[[dict[str, Any]], None], again: bool = False
) -> Clip:
    """The clip, within its time; raises HungError where a second try may help, PopcornError where it did not."""
    stop, pulse, limit = threading.Event(), Pulse(), context.render_timeout
    progress = reporter(tell, stop, pulse)
    work = asyncio.to_thread(render_clip, request, context.renderer, context.cache_dir / "clips", progress)
    try:
        async with asyncio.timeout(limit):
            return await _stopping(work, stop)
    except TimeoutError as error:
        if (idle := pulse.idle_seconds()) < limit / 2:
            raise PopcornError(
                f"The render took longer than {limit:g} s and was stopped; "
                "resume the run, or allow more with --render-timeout."
            ) from error
        if again:
            raise PopcornError(
                f"The renderer hangs: twice it made no step, now for {idle:.0f} s, and was stopped; see what "
                "`popcorn-agents doctor` says, then resume the run, or allow more with --render-timeout."
            ) from error
        raise HungError(f"The renderer made no step for {idle:.0f} s and was stopped") from error


class Pulse:
    """When a render last came further; written by its thread."""

    def __init__(self) -> None:
        self.done, self.at = -1, time.monotonic()

    def beat(self, done: int) -> None:
        """Note a step; the same one told again is none."""
        if done != self.done:
            self.done, self.at = done, time.monotonic()

    def idle_seconds(self) -> float:
        """How long ago the last step was made."""
        return time.monotonic() - self.at


def reporter(tell: Callable[[dict[str, Any]], None], stop: threading.Event, pulse: Pulse) -> Progress:
    """A progress callback that passes on at most ten events a second, and raises Cancelled once `stop` is set."""
    last, left = 0.0, Remaining()

    def report(done: int, total: int) -> None:
        nonlocal last
        pulse.beat(done)
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
