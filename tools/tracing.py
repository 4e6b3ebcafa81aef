"""Spans for OpenTelemetry: recorded where this process has its API loaded, and costing a look-up where it has not.

They go to the global tracer provider: an application's own, or the one that `trace_export.switch_on` sets up. A span
says what was asked of whom and how long it took, never a prompt, a title or a key.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .errors import PopcornError

Attributes = Mapping[str, Any]
Tell = Callable[[Attributes], None]
"""Adds attributes to a span; None stands for what is not known and is left out."""


@contextmanager
def span(
    name: str,
    attributes: Attributes,
    *,
    client: bool = False,
    inside: Any = None,
    calm: tuple[type[Exception], ...] = (),
) -> Iterator[Tell]:
    """A span around the block, inside the current one or `inside` another; an error other than `calm` marks it."""
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        yield _nothing
        return
    with api.get_tracer("popcorn-agents").start_as_current_span(
        name,
        context=None if inside is None else api.set_span_in_context(inside),
        kind=api.SpanKind.CLIENT if client else api.SpanKind.INTERNAL,
        attributes=_known(attributes),
        record_exception=False,  # its text could hold what belongs into no trace
        set_status_on_exception=False,
    ) as current:
        try:
            yield lambda more: current.set_attributes(_known(more))
        except calm:
            raise
        except Exception as error:
            fail(current, error)
            raise


def begin(name: str, attributes: Attributes) -> Any:
    """A span that is ended by hand and is current for nobody; None where nothing is recorded."""
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        return None
    return api.get_tracer("popcorn-agents").start_span(name, attributes=_known(attributes))


def fail(current: Any, error: BaseException) -> None:
    """Mark a span as failed, with its cause: our own sentence, or of any other error the name of its kind."""
    api = sys.modules["opentelemetry.trace"]
    kind = type(error).__qualname__
    current.set_attribute("error.type", kind)
    current.set_status(api.Status(api.StatusCode.ERROR, str(error) if isinstance(error, PopcornError) else kind))


def _known(attributes: Attributes) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}


def _nothing(more: Attributes) -> None:
    return
