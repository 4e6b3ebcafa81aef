"""What the development server adds to the graph: ready-made assistants, and a clear refusal of malformed runs.

`langgraph.json` names `app`; the server mounts its own routes beside it.
"""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
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
from .context import Context

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

_CREATES_A_RUN = re.compile(r"(/threads/[^/]+)?/runs(/stream|/wait)?")


class RefuseMalformedRuns:
    """Answers 422 with one sentence before anything is queued, where the input or the context cannot be used."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on but runs that could only fail."""
        if scope["type"] != "http" or scope["method"] != "POST" or not _CREATES_A_RUN.fullmatch(scope["path"]):
            await self.app(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        fault = fault_of(body)
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


def fault_of(body: bytes) -> str:
    """Why a request for a run cannot be used; empty where it can, or where the server itself refuses it."""
    try:
        asked = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(asked, dict):
        return ""
    try:
        if isinstance(asked.get("context"), dict):
            Context.model_validate(asked["context"])
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return f"context.{'.'.join(map(str, first['loc']))}: {first['msg']}."
    return _input_fault(asked)


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
    """Send traces where the OTEL_* variables ask for them, and make the ready assistants, once each."""
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
