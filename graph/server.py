"""What the development server adds to the graph: ready-made assistants, and a clear refusal of malformed runs.

`langgraph.json` names `app`; the server mounts its own routes beside it.
"""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from langgraph_sdk import get_client
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..tools.errors import InputError
from ..tools.query import validate_query
from ..tools.trace_export import switch_on
from .admission import URLS, fault_of_knobs, operators, url_allowed
from .context import Context
from .state import fault_of_values

ASSISTANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "popcorn-preview": ("Fast preview: one short attempt.", {"max_revisions": 0, "seconds": 1.0}),
    "popcorn-quality": (
        "Quality: up to four attempts against more exemplars.",
        {"max_revisions": 3, "target_percentile": 85.0, "k": 50, "tags": 2},
    ),
    "popcorn-basic": ("Basic prompt: the paper's baseline without research.", {"mode": "basic", "max_revisions": 0}),
    "popcorn-reviewed": ("Reviewed: waits for you before it renders and when a clip is judged.", {"review": "both"}),
}
"""Name, description and context of the assistants beside `popcorn` itself, which has the defaults."""

_CREATES_A_RUN = re.compile(r"(/threads/[^/]+)?/runs(/stream|/wait|/batch)?")
_EDITS_A_STATE = re.compile(r"/threads/[^/]+/state")


class RefuseMalformedRuns:
    """Answers 422 with one sentence before anything is queued or kept, where input or context cannot be used."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on but runs that could only fail, and knobs that a client may not name."""
        if scope["type"] != "http" or scope["method"] not in {"POST", "PUT", "PATCH"}:
            await self.app(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        fault = await asyncio.to_thread(fault_of, body, scope["path"])
        if fault:
            await JSONResponse({"detail": fault}, status_code=422)(scope, receive, send)
            return
        replayed = False

        async def again() -> Message:
            nonlocal replayed
            if replayed:
                return await receive()
            replayed = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, again, send)


def fault_of(body: bytes, path: str) -> str:
    """Why a request cannot be used; empty where it can, or where the server itself refuses it. Blocking."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    parts = asked if isinstance(asked, list) else [asked]  # a batch
    faults = (_fault_of_part(part, path) for part in parts if isinstance(part, dict))
    return next((fault for fault in faults if fault), "")


def _fault_of_part(asked: dict[str, Any], path: str) -> str:
    if asked.get("graph_id", "popcorn") != "popcorn":
        return ""  # another graph of this server, with knobs of its own
    try:
        for knobs in _knobs(asked):
            Context.model_validate(knobs)
            if fault := fault_of_knobs(knobs):
                return fault
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return f"context.{'.'.join(map(str, first['loc']))}: {first['msg']}."
    if asked.get("webhook") and not url_allowed(str(asked["webhook"])):
        return f"webhook: this server calls nothing at that address; its operator can allow it in {URLS}."
    if _EDITS_A_STATE.fullmatch(path):
        return fault_of_values(asked["values"]) if isinstance(asked.get("values"), dict) else ""
    return _input_fault(asked) if _CREATES_A_RUN.fullmatch(path) else ""


def _knobs(asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every place of a request from which the server takes a context."""
    if isinstance(asked.get("context"), dict):
        yield asked["context"]
    config = asked.get("config")
    if isinstance(config, dict) and isinstance(config.get("configurable"), dict):
        yield {name: value for name, value in config["configurable"].items() if name in Context.model_fields}
    if isinstance(asked.get("params"), dict):  # a command of the event protocol
        yield from _knobs(asked["params"])


def _input_fault(asked: dict[str, Any]) -> str:
    given = asked.get("input")
    if given is None and (asked.get("command") or asked.get("checkpoint") or asked.get("checkpoint_id")):
        return ""
    if given is None and asked.get("input", "absent") is None:
        return ""  # null goes on with a thread
    if not isinstance(given, dict) or not isinstance(given.get("query"), str):
        return 'The input needs a query: {"query": "what the video shall be about"}.'
    try:
        validate_query(given["query"])
    except InputError as error:
        return str(error)
    return ""


@asynccontextmanager
async def prepare(app: Starlette) -> AsyncIterator[None]:
    """Read the operator's settings, send traces where the OTEL_* variables ask for them, make the assistants once."""
    await asyncio.to_thread(operators)
    await asyncio.to_thread(switch_on, logging.getLogger(__name__).warning)
    client = get_client()
    for name, (description, context) in ASSISTANTS.items():
        await client.assistants.create(
            "popcorn",
            assistant_id=str(uuid5(NAMESPACE_DNS, name)),
            name=name,
            description=description,
            context=context,
            if_exists="do_nothing",
        )
    yield


app = Starlette(lifespan=prepare, middleware=[Middleware(RefuseMalformedRuns)])
