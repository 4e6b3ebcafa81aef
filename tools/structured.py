"""Structured answers from any chat endpoint: JSON schema, else JSON mode, else text, with one repair round."""

import json
import re
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from .chat_model import Method
from .errors import PopcornError
from .prices import cost

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

    from .chat_client import Chat

T = TypeVar("T", bound=BaseModel)
LADDER: tuple[Method, ...] = ("json_schema", "json_mode", "text")
_FORMAT = re.compile(r"response_format|json|schema|grammar|structured|guided", re.IGNORECASE)
_SAMPLING = re.compile(r"temperature|top_p|\bseed\b", re.IGNORECASE)
_works: dict[tuple[str, str], Method] = {}
_plain: set[tuple[str, str]] = set()


class Usage(BaseModel):
    """What the language model consumed; cost in US dollars by list prices, None where one is not known."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None

    def __add__(self, other: "Usage") -> "Usage":
        known = [usage for usage in (self, other) if usage.calls]
        costs = [usage.cost for usage in known if usage.cost is not None]
        return Usage(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost=sum(costs) if known and len(costs) == len(known) else None,
        )


class _Unusable(Exception):
    """An answer that one correction may mend; `junk` where it holds no JSON at all."""

    def __init__(self, problem: str, junk: bool = False) -> None:
        super().__init__(problem)
        self.junk = junk


async def ask(
    model: "Chat",
    messages: list["BaseMessage"],
    schema: type[T],
    method: Literal["auto", "json_schema", "json_mode", "text"] = "auto",
    first: Method = "json_schema",
) -> tuple[T, Usage]:
    """One record of a flat `schema`, and what it cost.

    `auto` begins with what worked for this endpoint before, else with `first`, and climbs down where the endpoint
    refuses a method. An answer that is cut off, empty or invalid is sent back once with its errors; a second one raises
    PopcornError, as does a refusal to answer. So there are at most two answers, and no endless loop.
    """
    rungs = _rungs(model, method, first)
    reply, rungs, usage = await _call(model, messages, schema, rungs)
    try:
        value = _read(reply, schema, model)
    except _Unusable as problem:
        if problem.junk and len(rungs) > 1:
            rungs = rungs[1:]  # the endpoint ignores the method
        more, rungs, spent = await _call(model, _sent_back(messages, reply, problem), schema, rungs)
        usage += spent
        try:
            value = _read(more, schema, model)
        except _Unusable as again:
            raise PopcornError(
                f"The language model {model.label} gave no usable answer, even after one correction ({again}); "
                "try another model or another structured_output method."
            ) from again
    if method == "auto":
        _works[_key(model)] = rungs[0]
    return value, usage


def _key(model: "Chat") -> tuple[str, str]:
    return str(model.openai_api_base), model.model_name


def _rungs(model: "Chat", method: str, first: Method) -> tuple[Method, ...]:
    if method != "auto":
        return tuple(rung for rung in LADDER if rung == method)
    return LADDER[LADDER.index(_works.get(_key(model), first)) :]


async def _call(
    model: "Chat", messages: list["BaseMessage"], schema: type[BaseModel], rungs: tuple[Method, ...]
) -> tuple["AIMessage", tuple[Method, ...], Usage]:
    """The answer of the first method that the endpoint accepts, and the methods from that one on."""
    from .chat_client import Refused

    while True:
        client = _without_sampling(model) if _key(model) in _plain else model
        try:
            reply = await client.ainvoke(_told(messages, schema, rungs[0]), **_format(schema, rungs[0]))
        except Refused as refused:
            if _SAMPLING.search(refused.said) and _key(model) not in _plain:
                _plain.add(_key(model))  # reasoning models take no temperature
            elif len(rungs) > 1 and _FORMAT.search(refused.said):
                rungs = rungs[1:]
            else:
                raise
        else:
            return reply, rungs, _usage(reply, model.label)


def _without_sampling(model: "Chat") -> "Chat":
    return model.model_copy(update={"temperature": None, "top_p": None, "seed": None})


def _format(schema: type[BaseModel], rung: Method) -> dict[str, Any]:
    # As extra_body: given as response_format, the client raises on cut-off answers and loses what they cost.
    if rung == "json_schema":
        described = {"name": schema.__name__, "strict": True, "schema": _strict(schema.model_json_schema())}
        return {"extra_body": {"response_format": {"type": "json_schema", "json_schema": described}}}
    return {"extra_body": {"response_format": {"type": "json_object"}}} if rung == "json_mode" else {}


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Every key required and none added, as the strict mode of the APIs asks."""
    return {**schema, "additionalProperties": False, "required": list(schema["properties"])}


def _told(messages: list["BaseMessage"], schema: type[BaseModel], rung: Method) -> list["BaseMessage"]:
    if rung == "json_schema":
        return messages
    from langchain_core.messages import HumanMessage

    keys = "\n".join(f'- "{name}": {field.description or "text"}' for name, field in schema.model_fields.items())
    order = f"Answer with one JSON object and nothing else. Its keys, all strings, in this order:\n{keys}"
    if isinstance(messages[-1], HumanMessage):  # some chat templates refuse two turns of one role
        return [*messages[:-1], HumanMessage(f"{messages[-1].text}\n\n{order}")]
    return [*messages, HumanMessage(order)]


def _sent_back(messages: list["BaseMessage"], reply: "AIMessage", problem: Exception) -> list["BaseMessage"]:
    from langchain_core.messages import AIMessage, HumanMessage

    said = answer_text(reply.text)[:4000] or "(nothing)"
    order = f"That answer cannot be used: {problem}. Give the whole answer again, corrected, as one JSON object."
    return [*messages, AIMessage(said), HumanMessage(order)]


def _usage(reply: "AIMessage", llm: str) -> Usage:
    counts = reply.usage_metadata
    if counts is None:
        return Usage(calls=1)
    spent = cost(llm, counts["input_tokens"], counts["output_tokens"])
    return Usage(calls=1, input_tokens=counts["input_tokens"], output_tokens=counts["output_tokens"], cost=spent)


def _read(reply: "AIMessage", schema: type[T], model: "Chat") -> T:
    refusal = reply.additional_kwargs.get("refusal")
    reason = reply.response_metadata.get("finish_reason")
    if refusal or reason == "content_filter":
        said = f": {' '.join(str(refusal).split())[:200]}" if refusal else ""
        raise PopcornError(
            f"The language model {model.label} declined to write about this query{said}; reword the query."
        )
    try:
        return parse(reply.text, schema)
    except _Unusable as problem:
        if reason == "length":
            raise _Unusable("it was cut off at the token limit; be much briefer") from problem
        raise


def answer_text(text: str) -> str:
    """The answer without a reasoning model's thoughts: what follows the last </think>; empty if it never closes."""
    text = text.rpartition("</think>")[2]
    return text.partition("<think>")[0].strip()


def parse(text: str, schema: type[T]) -> T:
    """The last object in the text that fits the schema, mending broken JSON as the last step.

    Raises an error whose message names what is wrong, for the model to read.
    """
    answer = answer_text(text)
    if not answer:
        raise _Unusable("it is empty", junk=True)
    found = _objects(answer) or _mended(answer)
    if not found:
        raise _Unusable(f"it holds no JSON object but begins {answer[:80]!r}", junk=True)
    problem: ValidationError | None = None
    for value in reversed(found):
        try:
            return schema.model_validate(value)
        except ValidationError as error:
            problem = problem or error
    assert problem is not None  # noqa: S101
    faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in problem.errors()]
    raise _Unusable("; ".join(faults)[:600]) from problem


def _objects(text: str) -> list[dict[str, Any]]:
    """Every outermost JSON object in the text, in order."""
    decoder, found, start = json.JSONDecoder(strict=False), [], text.find("{")
    while start >= 0:
        try:
            value, end = decoder.raw_decode(text, start)
        except json.JSONDecodeError:
            end = start + 1
        else:
            found.append(value)
        start = text.find("{", end)
    return found


def _mended(text: str) -> list[dict[str, Any]]:
    import json_repair

    start = text.find("{")
    value = json_repair.loads(text[start:]) if start >= 0 else None
    values = value if isinstance(value, list) else [value]
    return [value for value in values if isinstance(value, dict) and value]
