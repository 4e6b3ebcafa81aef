"""A real receiver of OpenTelemetry's traces over HTTP, on loopback."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector(ThreadingHTTPServer):
    """A real receiver of OTLP over HTTP on loopback."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.received: list[tuple[str, ExportTraceServiceRequest]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def spans(self) -> dict[str, Any]:
        resources = [resource for _, batch in self.received for resource in batch.resource_spans]
        return {span.name: span for one in resources for scope in one.scope_spans for span in scope.spans}

    def service(self) -> str:
        facts = self.received[0][1].resource_spans[0].resource.attributes
        return str({fact.key: fact.value.string_value for fact in facts}["service.name"])


class Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        batch = ExportTraceServiceRequest()
        batch.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.received.append((self.path, batch))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        return


@contextmanager
def collect() -> Iterator[Collector]:
    collector = Collector()
    thread = threading.Thread(target=collector.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        collector.shutdown()
        collector.server_close()
        thread.join()
