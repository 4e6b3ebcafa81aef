"""The scriptwriter's prompt for a whole record: the data fenced off, and as many exemplars as the context holds."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING

from ..prompts import render
from ..tools.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.messages import BaseMessage

    from ..tools.exemplars import Exemplar
    from .critic import Attempt
    from .reviewer import Review
    from .trend_researcher import Brief

CAPTION_LIMIT = 300
ANSWER_TOKENS = 2048


def messages_for(
    template: str,
    query: str,
    brief: Brief | None,
    attempts: list[Attempt],
    context_tokens: int,
    rejected: Sequence[Review] = (),
) -> tuple[list[BaseMessage], int]:
    """The messages, and how many exemplars they show: the farthest are left out until the prompt fits the context.

    The query is never cut: InputError where it does not fit even alone.
    """
    exemplars = sorted(brief.exemplars if brief else [], key=lambda exemplar: -exemplar.similarity)
    facts = [contrast.sentence for contrast in brief.contrasts] if brief else []
    room = context_tokens - min(ANSWER_TOKENS, context_tokens // 3)
    for shown in range(len(exemplars), -1, -1):
        turns = _turns(template, query, exemplars[:shown], facts, [*_history(attempts), *_sent_back(rejected)])
        if sum(tokens(text) for _, text in turns) <= room:
            return _as_messages(turns), shown
    raise InputError(
        f"The query leaves no room in the model's context of {context_tokens} tokens; shorten it, or name "
        "a model with a larger context (context_tokens)."
    )


def tokens(text: str) -> int:
    """A cautious estimate without a tokenizer: three bytes a token, and a few for the turn."""
    return math.ceil(len(text.encode()) / 3) + 8


def _turns(
    template: str, query: str, exemplars: list[Exemplar], facts: list[str], history: list[dict[str, object]]
) -> list[tuple[str, str]]:
    data = _data(exemplars, facts, history)
    # Text cannot hold its own hash, so nothing in the data can close the fence.
    fence = f"=====DATA-{hashlib.sha256((data + query).encode()).hexdigest()[:16]}====="
    quoted = json.dumps(query, ensure_ascii=False)
    if template == "scriptwriter_basic_v1":
        return render(template, query=quoted)
    return render(template, query=quoted, fence=fence, data=data)


def _data(exemplars: list[Exemplar], facts: list[str], history: list[dict[str, object]]) -> str:
    """One JSON record a line, so that no line break or heading of the data reaches the prompt as such."""
    records: list[dict[str, object]] = [
        {
            "video": exemplar.title,
            "caption": exemplar.caption[:CAPTION_LIMIT],
            "category": exemplar.category,
            "label": exemplar.label,
            "comments": f"{exemplar.comment_count:.0f} ({exemplar.origin})",
        }
        for exemplar in exemplars
    ]
    records += [{"measured_difference": fact} for fact in facts]
    records += history
    return "\n".join(json.dumps(record, ensure_ascii=False) for record in records) or "(no data)"


def _history(attempts: list[Attempt]) -> list[dict[str, object]]:
    """The earlier titles, the best version if it is not the last, and the last version with the critic's remarks."""
    if not attempts:
        return []
    last, best = attempts[-1], max(attempts, key=lambda attempt: attempt.critique.score.percentile)
    records: list[dict[str, object]] = [{"earlier_titles": [attempt.script.title for attempt in attempts]}]
    if best is not last:
        records.append({"best_version_so_far": _version(best)})
    remarks = [*last.critique.vetoes, *last.critique.issues]
    return [*records, {"last_version": _version(last), "critics_remarks": remarks}]


def _sent_back(rejected: Sequence[Review]) -> list[dict[str, object]]:
    """What the reviewer rejected, with the notes, the last one last."""
    return [
        {
            "rejected_version": {
                "title": review.title,
                "cover_prompt": review.cover_prompt,
                "video_prompt": review.video_prompt,
            },
            "reviewers_note": review.note,
        }
        for review in rejected
    ]


def _version(attempt: Attempt) -> dict[str, object]:
    script = attempt.script
    return {
        "title": script.title,
        "cover_prompt": script.cover_prompt,
        "video_prompt": script.video_prompt,
        "predicted_percentile": round(attempt.critique.score.percentile, 1),
    }


def _as_messages(turns: list[tuple[str, str]]) -> list[BaseMessage]:
    from langchain_core.messages import HumanMessage, SystemMessage

    return [SystemMessage(text) if role == "system" else HumanMessage(text) for role, text in turns]
