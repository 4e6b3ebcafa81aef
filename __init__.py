"""popcorn-agents: from a query to a scored micro-video."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .graph.workflow import build_graph
    from .library import arun, as_tool, run

__all__ = ["arun", "as_tool", "build_graph", "run"]


def __getattr__(name: str) -> Any:
    """Import what is asked for only then: the command line must not wait for LangGraph."""
    if name == "build_graph":
        from .graph.workflow import build_graph

        return build_graph
    if name in __all__:
        from . import library

        return getattr(library, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
