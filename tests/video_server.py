"""A real loopback server that speaks the OpenAI-style video API and misbehaves on request.

`posts`, `polls` and `contents` hold answers that are taken in order before the server behaves; an answer is a function
of the handler. What was received lies in `seen` as (method, path, headers, body).
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from popcorn_agents.tools.renderers import Clip, RenderRequest, render

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    server: "VideoServer"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.note(body)
        if not self.special(self.server.posts):
            self.tell(200, {"id": self.server.accept(self.headers["Idempotency-Key"]), "status": "queued"})

    def do_GET(self) -> None:
        self.note(b"")
        path = self.path.partition("?")[0]
        if path == "/v1/videos":
            if self.server.lists:
                self.tell(200, {"data": [{"id": job, "user": key} for job, key in self.server.jobs.items()]})
            else:
                self.tell(404, {"detail": "Not Found"})
        elif path.endswith("/content"):
            if not self.special(self.server.contents):
                self.send(200, self.server.clip, "video/mp4")
        elif not self.special(self.server.polls):
            job = path.rpartition("/")[2]
            known = job in self.server.jobs
            told = {"id": job, "status": "completed", "progress": 100} if known else {"detail": "Video not found"}
            self.tell(200 if known else 404, told)

    def note(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.command, self.path, headers, body))

    def special(self, answers: list[Answer]) -> bool:
        if not answers:
            return False
        answers.pop(0)(self)
        return True

    def tell(self, code: int, value: Any, **headers: str) -> None:
        self.send(code, json.dumps(value).encode(), "application/json", **headers)

    def send(self, code: int, data: bytes, kind: str, length: int | None = None, **headers: str) -> None:
        self.send_response(code)
        sent = {"Content-Type": kind, "Content-Length": str(len(data) if length is None else length), **headers}
        for name, value in sent.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        return


class VideoServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, clip: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.clip, self.lists = clip, True
        self.posts: list[Answer] = []
        self.polls: list[Answer] = []
        self.contents: list[Answer] = []
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.jobs: dict[str, str] = {}
        self.reached, self.release = threading.Event(), threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def accept(self, key: str) -> str:
        """A new job under this key, or the one that there is."""
        for job, known in self.jobs.items():
            if known == key:
                return job
        job = f"video_{len(self.jobs) + 1}"
        self.jobs[job] = key
        return job

    def count(self, method: str) -> int:
        return sum(seen[0] == method for seen in self.seen)

    def handle_error(self, request: Any, client_address: Any) -> None:
        return  # a client that went away is part of some tests


@contextmanager
def serve(clip: bytes) -> Iterator[VideoServer]:
    """A running server; ended when the block is left."""
    server = VideoServer(clip)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        server.shutdown()
        server.server_close()
        thread.join()


def says(code: int, value: Any, **headers: str) -> Answer:
    """An answer of this status and JSON value."""
    return lambda handler: handler.tell(code, value, **headers)


def sends(data: bytes, kind: str = "video/mp4", length: int | None = None) -> Answer:
    """These bytes, said to be of this type and length, and the end of the connection."""

    def answer(handler: Handler) -> None:
        handler.send(200, data, kind, length)
        handler.close_connection = True

    return answer


def sends_unmeasured(data: bytes) -> Answer:
    """These bytes as video/mp4, of a length that is not said beforehand."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "video/mp4")
        handler.end_headers()
        handler.wfile.write(data)
        handler.close_connection = True

    return answer


def hangs_up(accepts: bool) -> Answer:
    """The connection ends without an answer, after or before the job was taken."""

    def answer(handler: Handler) -> None:
        if accepts:
            handler.server.accept(handler.headers["Idempotency-Key"])
        handler.close_connection = True

    return answer


def waits(handler: Handler) -> None:
    """No answer until the test is over."""
    handler.server.reached.set()
    handler.server.release.wait(60)
    handler.close_connection = True


def request(server: VideoServer, **fields: Any) -> RenderRequest:
    settings = {"prompt": "a dog", "title": "Dog", "size": "96x64", "seconds": 0.5, "model": "some/model"} | fields
    return RenderRequest(video_url=server.url, **settings)


def made(server: VideoServer, out: Path, **fields: Any) -> Clip:
    return render(request(server, **fields), "remote", out)


def record(out: Path) -> dict[str, Any]:
    (path,) = out.glob("*.job.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found
