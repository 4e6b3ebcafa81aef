"""The spans of a run: the run itself and its nodes; what they hold inside is told by the tools."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langgraph.config import get_config
from langgraph.errors import GraphBubbleUp

from ..tools import tracing
from .context import Context

if TYPE_CHECKING:
    from .driver import RunEnded

TellNode = Callable[[str, int, Context, dict[str, Any]], None]
"""Tells a node's span the run id, the round, the knobs and, at its end, what it returned."""

_KNOBS = ("mode", "researcher", "renderer", "model", "seconds", "aspect", "max_revisions", "review", "seed")


@contextmanager
def of_run(run_id: str, context: Context, ended: "type[RunEnded]") -> Iterator[None]:
    """The span around a run, or around what is left of it; a run that ended on purpose did not fail."""
    with tracing.span("run", {"popcorn.run_id": run_id, **_knobs(context)}, calm=(ended,)) as tell:
        try:
            yield
        except ended as reason:
            tell({"popcorn.status": reason.status})
            raise
        except asyncio.CancelledError:
            tell({"popcorn.status": "interrupted"})
            raise
        except Exception:
            tell({"popcorn.status": "failed"})
            raise
        tell({"popcorn.status": "finished"})


@contextmanager
def of_node(name: str) -> Iterator[TellNode]:
    """The span around a node; an interrupt for a reviewer is no failure."""
    run = RUNS.around_this_node()
    with tracing.span(name, {"popcorn.node": name}, inside=run, calm=(GraphBubbleUp,)) as tell_span:

        def tell(run_id: str, round_: int, context: Context, update: dict[str, Any]) -> None:
            tell_span({"popcorn.run_id": run_id, "popcorn.round": round_ or None, **_found(update)})
            if run is not None:
                run.set_attributes({"popcorn.run_id": run_id, **_knobs(context)})
                if name == "finish" and update:
                    run.set_attribute("popcorn.status", "finished")

        try:
            yield tell
        except GraphBubbleUp:
            if run is not None:
                run.set_attribute("popcorn.status", "paused")
            raise


def _knobs(context: Context) -> dict[str, Any]:
    knobs = {f"popcorn.{name}": getattr(context, name) for name in _KNOBS}
    model, at, url = context.llm.rpartition("@")
    knobs["popcorn.llm"] = f"{model}@{urlsplit(url).hostname}" if at else context.llm
    return {name: value for name, value in knobs.items() if value is not None}


def _found(update: dict[str, Any]) -> dict[str, Any]:
    if "critique" not in update:
        return {}
    found = update["critique"]
    return {"popcorn.percentile": found.score.percentile, "popcorn.verdict": found.verdict}


class RunSpans(BaseCallbackHandler):
    """The span of a run on a server, where no call of ours surrounds it: from the graph's first event to its last."""

    run_inline = True  # a thread of its own for every event would cost more than what is done in it

    def __init__(self) -> None:
        self._spans: dict[UUID, tuple[Any, bool]] = {}
        """By the id of the graph's run, and of all that runs inside it; whether the span is that run's own."""

    def around_this_node(self) -> Any:
        """The span of the run that the node of this task belongs to, or None."""
        if not self._spans:
            return None
        callbacks: Any = get_config().get("callbacks")
        return self._spans.get(getattr(callbacks, "parent_run_id", None), (None, False))[0]  # type: ignore[arg-type]

    def on_chain_start(
        self, serialized: Any, inputs: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **_: Any
    ) -> None:
        """Begin a run, or note what belongs to one."""
        if parent_run_id in self._spans:
            self._spans[run_id] = (self._spans[parent_run_id][0], False)
        elif (begun := tracing.begin("run", {})) is not None:
            self._spans[run_id] = (begun, True)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **_: Any) -> None:
        """End a run."""
        span, own = self._spans.pop(run_id, (None, False))
        if own:
            span.end()

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """End a run with what stood in its way."""
        span, own = self._spans.pop(run_id, (None, False))
        if not own:
            return
        if isinstance(error, GraphBubbleUp) or not isinstance(error, Exception):  # drained, or cancelled
            span.set_attribute("popcorn.status", "interrupted")
        else:
            span.set_attribute("popcorn.status", "failed")
            tracing.fail(span, error)
        span.end()


RUNS = RunSpans()
"""For the graph that servers load; in-process runs have their span around them."""
