"""Nodes that do no work but return real records, to measure and to test the orchestration alone."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langgraph.runtime import Runtime

from ...agents.critic import Attempt, Critique, Originality
from ...agents.scriptwriter import Script
from ...agents.trend_researcher import Brief
from ...graph.context import Context
from ...graph.state import State
from ...graph.workflow import Node
from ...tools.popularity.predictor import Score
from ...tools.renderers import Clip

EMPTY = hashlib.sha256(b"").hexdigest()


def noop_parts(files: Path, percentiles: Sequence[float] = (90.0,), vetoed: Sequence[int] = ()) -> dict[str, Node]:
    """Nodes for `build_graph`; the critic gives `percentiles` by round (the last for ever) and vetoes some rounds.

    `files` is a folder in which an empty clip and cover are made once.
    """
    clip, cover = files / "clip.mp4", files / "cover.png"
    for path in (clip, cover):
        path.touch()

    async def research(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        return {"brief": Brief(query=state["query"])}

    async def write(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        title = f"Title {len(state.get('attempts', [])) + 1}"
        return {"script": Script(reasoning="None.", title=title, cover_prompt="A cover.", video_prompt="A clip.")}

    async def render(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        shape = {"width": 544, "height": 960, "fps": 24, "frames": 72, "seconds": 3.0, "seed": 7}
        return {
            "clip": Clip(path=clip, cover_path=cover, key="0", sha256=EMPTY, renderer="noop", kind="animatic", **shape)
        }

    async def critique(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        round_ = len(state.get("attempts", [])) + 1
        rank = percentiles[min(round_, len(percentiles)) - 1]
        vetoes = ["The clip is black."] if round_ in vetoed else []
        good = rank >= runtime.context.target_percentile and not vetoes
        verdict = Critique(
            score=Score(log2_comments=4.0, percentile=rank, low=2.0, high=6.0),
            originality=Originality(similarity=0.0),
            vetoes=vetoes,
            issues=[] if good else ["Say more."],
            verdict="accept" if good else "revise",
        )
        attempt = Attempt(round=round_, script=state["script"], clip=state.get("clip"), critique=verdict)
        return {"critique": verdict, "attempts": [attempt]}

    return {"research": research, "write": write, "render": render, "critique": critique}
