"""A real loopback server that speaks the OpenAI chat-completions API and misbehaves on request.

    with serve([reply({"title": ...}), status(429, retry_after=0)]) as server:
        chat_model(f"model@{server.url}")

Answers are taken in order; the last one is given for ever. `server.requests` holds the bodies received.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[["Handler", dict[str, Any]], None]


class Handler(BaseHTTPRequestHandler):
    server: "Server"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.requests.append(body)
            self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
            answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        answer(self, body)

    def send(self, code: int, text: str, kind: str = "application/json", **headers: str) -> None:
        data = text.encode()
        self.send_response(code)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        return


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answers: list[Answer]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.lock = answers, threading.Lock()
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.gone = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        return  # a client that went away is part of some tests


@contextmanager
def serve(answers: list[Answer]) -> Iterator[Server]:
    """A running server; ended when the block is left."""
    server = Server(answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.gone.set()
        server.shutdown()
        server.server_close()
        thread.join()


def reply(
    content: str | dict[str, Any] | None,
    finish: str = "stop",
    tokens: tuple[int, int] | None = (100, 20),
    **message: Any,
) -> Answer:
    """A completion; `message` adds fields such as refusal, reasoning_content or tool_calls."""
    text = json.dumps(content) if isinstance(content, dict) else content

    def answer(handler: Handler, body: dict[str, Any]) -> None:
        said = {"role": "assistant", "content": text, **message}
        choices = [{"index": 0, "message": said, "finish_reason": finish}]
        whole = {"id": "c1", "object": "chat.completion", "created": 1, "model": body["model"], "choices": choices}
        if tokens:
            whole["usage"] = dict(
                zip(("prompt_tokens", "completion_tokens", "total_tokens"), (*tokens, sum(tokens)), strict=True)
            )
        handler.send(200, json.dumps(whole))

    return answer


def status(code: int, message: str = "no", retry_after: float | None = None, kind: str = "") -> Answer:
    """An error answer as the APIs give it."""
    headers = {} if retry_after is None else {"Retry_After": str(retry_after)}
    error = {"error": {"message": message, "type": kind or "error", "code": kind or None}}
    return lambda handler, body: handler.send(code, json.dumps(error), **headers)


def body(text: str, kind: str = "text/html") -> Answer:
    """A 200 with any body."""
    return lambda handler, _: handler.send(200, text, kind)


def needs(method: str, otherwise: Answer) -> Answer:
    """Refuses every response_format but `method` (json_object, or "" for none)."""

    def answer(handler: Handler, request: dict[str, Any]) -> None:
        asked = request.get("response_format", {}).get("type", "")
        if asked in ("", method):
            otherwise(handler, request)
        else:
            status(400, f"response_format type {asked} is unavailable now")(handler, request)

    return answer


def slow(seconds: float) -> Answer:
    """Says nothing for so long (or until the server ends), then hangs up."""
    return lambda handler, _: (handler.server.gone.wait(seconds), None)[1]


def drop(handler: Handler, _: dict[str, Any]) -> None:
    """Closes the connection without an answer."""
    handler.close_connection = True


def drip(handler: Handler, _: dict[str, Any]) -> None:
    """Sends a byte now and then: no read ever times out, but the answer never ends."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    while not handler.server.gone.is_set():
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)
