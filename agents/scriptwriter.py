"""The scriptwriter: from a brief, step by step, to a title and a video prompt."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from ..prompts import render
from ..tools.chat_model import Profile, chat_model, profile
from ..tools.errors import PopcornError
from ..tools.structured import Usage, ask
from . import staged_writer
from .reviewer import rejections
from .script_prompt import messages_for
from .script_text import TITLE_LIMIT, clean, clean_title, cut_title

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.messages import BaseMessage
    from langgraph.runtime import Runtime

    from ..graph.context import Context
    from ..graph.state import State
    from ..tools.chat_client import Chat
    from .critic import Attempt
    from .reviewer import Review

__all__ = ["Script", "Usage", "write"]


class Script(BaseModel):
    """One idea, ready to render."""

    reasoning: str
    title: str = Field(max_length=TITLE_LIMIT)
    cover_prompt: str
    video_prompt: str
    prompt_version: str = ""
    model: str = ""
    usage: Usage = Usage()
    exemplars_used: int = Field(0, description="How many exemplars of the brief the model was shown.")
    notes: list[str] = Field([], description="What had to be done to the model's answer, one sentence each.")


class BasicDraft(BaseModel):
    """What the basic prompt asks for."""

    title: str = Field(description="the title, at most 50 characters")
    cover_prompt: str = Field(description="one paragraph that describes the cover picture")
    video_prompt: str = Field(description="one paragraph that describes the three-second vertical clip")


class ReasonedDraft(BaseModel):
    """The chain of thought, then the answer: models write the fields in this order."""

    analysis: str = Field(
        description="why popular videos work and unpopular ones do not; in a rewrite, what went wrong"
    )
    ideas: str = Field(description="three original ideas, as one text")
    check: str = Field(description="which idea answers the request best, and why")
    title: str = Field(description="the title, at most 50 characters")
    cover_prompt: str = Field(description="one paragraph that describes the cover picture")
    video_prompt: str = Field(description="one paragraph that describes the three-second vertical clip")


async def write(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Write the first script, or rewrite the last one after a critique or a rejection.

    Raises PopcornError where the model fails.
    """
    context, attempts, rejected = runtime.context, state.get("attempts", []), rejections(state.get("reviews", []))

    def tell(message: str, step: int) -> None:
        runtime.stream_writer({"node": "write", "message": message, "step": step, "total": 4})

    known = profile(context.llm, context.gguf, context.context_tokens)
    model = await asyncio.to_thread(
        chat_model,
        context.llm,
        temperature=context.temperature,
        seed=(context.seed + len(attempts) + len(rejected)) % 2**31,
        timeout=context.llm_timeout,
        gguf=context.gguf,
        context_tokens=context.context_tokens,
    )
    write_by = _staged if known.staged else _whole
    return {"script": await write_by(state, context, model, known, attempts, rejected, tell)}


async def _whole(
    state: State,
    context: Context,
    model: Chat,
    known: Profile,
    attempts: list[Attempt],
    rejected: list[Review],
    tell: Callable[[str, int], None],
) -> Script:
    """One call for the whole record."""
    template = f"scriptwriter_{context.mode}_v1"
    if attempts or rejected:
        template = "scriptwriter_revise_v2" if rejected else "scriptwriter_revise_v1"
    again_or_pe = bool(attempts or rejected) or context.mode == "pe"
    schema: type[ReasonedDraft | BasicDraft] = ReasonedDraft if again_or_pe else BasicDraft
    earlier = _earlier(attempts, rejected)
    brief = state.get("brief") if context.mode == "pe" else None
    messages, used = await asyncio.to_thread(
        messages_for, template, state["query"], brief, attempts, known.context_tokens, rejected
    )
    tell(f"asking {context.llm}" + (f" with {used} exemplars" if used else ""), 1)
    record, usage = await ask(model, messages, schema, context.structured_output, known.method)
    notes: list[str] = []
    fault = _title_fault(record.title, earlier)
    if fault:
        tell("sending the title back", 3)
        again = await asyncio.to_thread(_sent_back, messages, record, fault)
        record, spent = await ask(model, again, schema, context.structured_output, known.method)
        usage += spent
        notes.append(f"The title was sent back: {fault}.")
    thoughts = [record.analysis, record.ideas, record.check] if isinstance(record, ReasonedDraft) else []
    return _script(
        "\n\n".join(thoughts), record.title, record.cover_prompt, record.video_prompt, earlier, notes,
        prompt_version=template, model=context.llm, usage=usage, exemplars_used=used,
    )  # fmt: skip


async def _staged(
    state: State,
    context: Context,
    model: Chat,
    known: Profile,
    attempts: list[Attempt],
    rejected: list[Review],
    tell: Callable[[str, int], None],
) -> Script:
    """One call a field, for a very small model; what separates the exemplars is stated by code, in figures."""
    brief = state.get("brief") if context.mode == "pe" else None
    exemplars = [exemplar.title for exemplar in brief.exemplars] if brief else []
    earlier, note = _earlier(attempts, rejected), rejected[-1].note if rejected else ""
    forms = staged_writer.title_forms(brief.contrasts if brief else [], bool(earlier))
    critique = attempts[-1].critique if attempts else None
    asked = staged_writer.Asked(
        topic=staged_writer.topic_of(state["query"]),
        seed=model.seed or 0,
        form=forms[len(earlier) % len(forms)],
        taken=[*earlier, *exemplars],
        keep=critique.keep if critique else [],
        replace=critique.replace if critique else [],
        note=note,
    )
    drafted = await staged_writer.draft(model, asked, tell)
    version = f"staged_{asked.form}_v1"
    measured = [contrast.sentence for contrast in brief.contrasts] if brief else []
    return _script(
        " ".join([*measured, drafted.reason]), drafted.title, drafted.cover_prompt, drafted.video_prompt, earlier, [],
        prompt_version=f"{version}+staged_note_v1" if note else version,
        model=_file_name(context), usage=drafted.usage,
    )  # fmt: skip


def _earlier(attempts: list[Attempt], rejected: list[Review]) -> list[str]:
    """The titles written so far, the one to improve last."""
    titles = [attempt.script.title for attempt in attempts]
    return titles + [review.title for review in rejected if review.title not in titles]


def _file_name(context: Context) -> str:
    return f"{context.llm} ({context.gguf.stem if context.gguf else 'SmolLM2-135M-Instruct'})"


def _title_fault(title: str, earlier: list[str]) -> str:
    """Why the title must be written again; empty if it need not."""
    cleaned = clean_title(title)
    if not cleaned:
        return "it has no title in words"
    if len(cleaned) > TITLE_LIMIT:
        return f"its title has {len(cleaned)} characters, more than {TITLE_LIMIT}"
    if any(cleaned.casefold() == other.casefold() for other in earlier):
        return "its title is that of an earlier version"
    return ""


def _sent_back(messages: list[BaseMessage], record: BaseModel, fault: str) -> list[BaseMessage]:
    from langchain_core.messages import AIMessage, HumanMessage

    order = render("scriptwriter_title_v1", fault=fault)[0][1]
    return [*messages, AIMessage(record.model_dump_json()), HumanMessage(order)]


def _script(
    reasoning: str, title: str, cover: str, video: str, earlier: list[str], notes: list[str], **facts: Any
) -> Script:
    """The cleaned record; a title that is still too long is cut at a word."""
    cleaned = clean_title(title)
    if len(cleaned) > TITLE_LIMIT:
        notes = [*notes, f"The title was cut at {TITLE_LIMIT} characters."]
    if any(cleaned.casefold() == other.casefold() for other in earlier):
        notes = [*notes, "The model kept the title of an earlier version."]
    record = Script(
        reasoning=reasoning.strip(), title=cut_title(cleaned), cover_prompt=clean(cover), video_prompt=clean(video),
        notes=notes, **facts,
    )  # fmt: skip
    empty = [name for name in ("title", "cover_prompt", "video_prompt") if not getattr(record, name)]
    if empty:
        raise PopcornError(f"The language model left {' and '.join(empty)} empty twice; try another model or query.")
    return record
