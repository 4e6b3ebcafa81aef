"""The reviewer: a person reads the script, or watches the clip, before the run goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from langgraph.types import interrupt
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from .script_text import TITLE_LIMIT, clean, clean_title

if TYPE_CHECKING:
    from langgraph.runtime import Runtime

    from ..graph.context import Context
    from ..graph.state import State
    from .critic import Critique
    from .scriptwriter import Script

Action = Literal["approve", "edit", "reject", "stop"]
Subject = Literal["script", "clip"]
EDITABLE = ("title", "cover_prompt", "video_prompt")


class Answer(BaseModel):
    """What the reviewer decides: approve, edit (at least one text), reject (with a note to the writer), or stop."""

    model_config = ConfigDict(extra="forbid")

    action: Action = Field(description="approve: go on; edit: render this text instead; reject: write anew; stop: end.")
    note: str = Field("", max_length=1000, description="What the writer shall do differently; needed to reject.")
    title: str | None = Field(None, description=f"The new title, at most {TITLE_LIMIT} characters, to edit.")
    cover_prompt: str | None = Field(None, max_length=4000, description="The new cover prompt, to edit.")
    video_prompt: str | None = Field(None, max_length=4000, description="The new video prompt, to edit.")

    @field_validator("note")
    @classmethod
    def _one_line(cls, value: str) -> str:
        return clean(value)

    @field_validator("title")
    @classmethod
    def _usable_title(cls, value: str | None) -> str | None:
        if value is None:
            return None
        title = clean_title(value)
        if not title:
            raise ValueError("the title needs words")
        if len(title) > TITLE_LIMIT:
            raise ValueError(f"the title has {len(title)} characters; {TITLE_LIMIT} are allowed")
        return title

    @field_validator("cover_prompt", "video_prompt")
    @classmethod
    def _usable_prompt(cls, value: str | None) -> str | None:
        if value is not None and not clean(value):
            raise ValueError("the prompt needs words")
        return None if value is None else clean(value)

    @model_validator(mode="after")
    def _complete(self) -> Answer:
        if self.action == "edit" and not self.edits():
            raise ValueError(f"to edit, give at least one of {', '.join(EDITABLE)}")
        if self.action != "edit" and self.edits():
            raise ValueError("new texts are taken with the action edit only")
        if self.action == "reject" and not self.note:
            raise ValueError("to reject, give a note that tells the writer what to do differently")
        return self

    def edits(self) -> dict[str, str]:
        """The texts to put in place of the script's."""
        return {name: text for name in EDITABLE if (text := getattr(self, name)) is not None}


class Review(BaseModel):
    """One decision of the reviewer, and the texts that it was about."""

    of: Subject
    round: int
    action: Action
    note: str = ""
    title: str
    cover_prompt: str
    video_prompt: str


class Question(BaseModel):
    """What the reviewer is shown; the answer is an `Answer`."""

    of: Subject
    round: int
    question: str
    title: str
    cover_prompt: str
    video_prompt: str
    reasoning: str
    clip_path: str | None = None
    cover_path: str | None = None
    predicted_percentile: float | None = None
    verdict: Literal["accept", "revise"] | None = Field(None, description="What the critic would do.")
    remarks: list[str] = Field([], description="What the critic wants changed.")


async def review_script(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Ask before anything is rendered. Nothing else happens here: this node runs again when the answer comes."""
    round_ = len(state.get("attempts", [])) + 1
    question = Question(of="script", round=round_, question="Render this script?", **_texts(state["script"]))
    return _decide(question, state["script"])


async def review_clip(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Ask whether the clip is good. Nothing else happens here: this node runs again when the answer comes."""
    clip = state["clip"]
    question = Question(
        of="clip",
        round=len(state["attempts"]),
        question="Keep this clip?",
        clip_path=str(clip.path),
        cover_path=str(clip.cover_path),
        **_texts(state["script"]),
        **_judged(state["critique"]),
    )
    return _decide(question, state["script"])


def rejections(reviews: list[Review]) -> list[Review]:
    """What the reviewer sent back, oldest first."""
    return [review for review in reviews if review.action == "reject"]


def _decide(question: Question, script: Script) -> dict[str, Any]:
    answer = interrupt(question.model_dump(exclude_none=True), response_schema=Answer)
    texts = {name: getattr(script, name) for name in EDITABLE}
    review = Review(of=question.of, round=question.round, action=answer.action, note=answer.note, **texts)
    if answer.action != "edit":
        return {"reviews": [review]}
    edited = script.model_copy(
        update={**answer.edits(), "notes": [*script.notes, f"The reviewer edited {' and '.join(answer.edits())}."]}
    )
    return {"reviews": [review], "script": edited}


def _texts(script: Script) -> dict[str, str]:
    return {name: getattr(script, name) for name in (*EDITABLE, "reasoning")}


def _judged(critique: Critique) -> dict[str, Any]:
    return {
        "predicted_percentile": round(critique.score.percentile, 1),
        "verdict": critique.verdict,
        "remarks": [*critique.vetoes, *critique.issues],
    }
