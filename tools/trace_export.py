"""Traces leave this process as the standard OTEL_* variables ask; without them nothing is imported and nothing sent."""

import logging
import os
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from .errors import InputError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
INSTALL = "pip install 'popcorn-agents[trace]'"
_PROTOCOLS = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}


def wanted() -> list[str]:
    """The exporters that the environment asks for; an endpoint alone asks for otlp."""
    if _variable("OTEL_SDK_DISABLED").lower() == "true":
        return []
    asked = _variable("OTEL_TRACES_EXPORTER") or ("otlp" if any(map(_variable, ENDPOINTS)) else "none")
    return [name for name in (part.strip() for part in asked.split(",")) if name and name != "none"]


def switch_on(on_trouble: Callable[[str], None]) -> None:
    """Send this process's spans where the environment says; a provider that is set already is left alone.

    `on_trouble` is told once, from another thread, when they cannot be sent. Raises InputError where the environment
    asks for what is not installed or not understood.
    """
    names = wanted()
    if not names:
        return
    try:
        from opentelemetry import trace
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise InputError(f"The OTEL_ variables ask for traces, which need an extra; run: {INSTALL}") from error
    if not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return
    try:
        provider = TracerProvider(resource=Resource.create(_service()))
        for name in names:
            provider.add_span_processor(BatchSpanProcessor(_exporter(name)))
    except ValueError as error:
        raise InputError(f"The OTEL_ variables cannot be used: {error}; correct or unset them.") from error
    trace.set_tracer_provider(provider)
    _listen(on_trouble)


def _variable(name: str) -> str:
    return os.environ.get(name, "").strip()


def _service() -> dict[str, Any]:
    named = _variable("OTEL_SERVICE_NAME") or "service.name=" in _variable("OTEL_RESOURCE_ATTRIBUTES")
    return {} if named else {"service.name": "popcorn-agents"}


def _exporter(name: str) -> "SpanExporter":
    if name == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter(out=sys.stderr)  # standard output is the result's
    if name == "otlp":
        protocol = _variable("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or _variable("OTEL_EXPORTER_OTLP_PROTOCOL")
        name = _PROTOCOLS.get(protocol or "http/protobuf", protocol)
    found = [point.load() for point in entry_points(group="opentelemetry_traces_exporter", name=name)]
    if not found:
        raise InputError(
            f"There is no exporter of traces {name[:80]!r} here; set OTEL_TRACES_EXPORTER to otlp, console or none, "
            f"or install it (otlp over HTTP: {INSTALL})."
        )
    exporter: SpanExporter = found[0]()
    return exporter


def _listen(on_trouble: Callable[[str], None]) -> None:
    """The exporters report to Python's log, in several lines a failure; one sentence is enough."""

    class Once(logging.Handler):
        told = False

        def emit(self, record: logging.LogRecord) -> None:
            if not self.told:
                self.told = True
                said = " ".join(record.getMessage().split())[:120]
                on_trouble(f"The traces cannot be sent; check the OTEL_EXPORTER_ variables and the collector ({said}).")

    log = logging.getLogger("opentelemetry")
    log.addHandler(Once(logging.WARNING))
    log.propagate = False
