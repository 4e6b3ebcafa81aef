"""What an evaluation will take, before its first call: calls, tokens, dollars, clips and hours, each an estimate."""

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from pydantic import BaseModel, Field

from ..graph.context import Context
from ..tools.prices import AS_OF, cost
from ..tools.renderers import RenderRequest
from .plan import NO_RENDERER, Concurrency, Plan
from .records import Trial
from .render_costs import ANIMATIC, ORIGIN, gpu_seconds
from .script_costs import CHARACTERS, STAGED_CALLS, WHOLE_CALLS, Tokens, is_staged, research_cost, sample, script_cost
from .stages import WRITING

RESEARCH = ("exemplars", "embedding", "k", "tags", "split", "researcher", "max_searches")
JUDGING = ("target_percentile", "max_similarity")
EMBEDDED_READ, EMBEDDED_WRITTEN = 150, 40
"""Tokens a second of the packaged model, each on a core of its own."""

HOSTED_WRITTEN, HOSTED_WAIT = 50, 1.0
"""Tokens a second, and seconds until the first, of a hosted model (assumed)."""

JUDGED = 0.35
"""Seconds that one attempt takes to be judged (docs/benchmarks.md)."""

START = 15.0
"""Seconds until the first call: imports and models."""


class Row(NamedTuple):
    """One line to show: what, how much, and how that was estimated."""

    what: str
    figure: str
    origin: str


class Estimate(BaseModel):
    """What the trials would take if every revision were made; None where a price or a speed is not known."""

    trials: int
    scripts: int = Field(description="Different scripts: equal ones are asked for once.")
    shared_scripts: int = Field(description="Scripts that a trial takes from another one.")
    llm_calls: int
    input_tokens: int
    output_tokens: int
    cost: float | None = Field(description="US dollars by list prices.")
    unpriced: list[str] = Field(description="The language models without a known price.")
    renders: int = Field(description="Different clips.")
    gpu_seconds: float | None = Field(description="Seconds of one H100.")
    unknown_speed: list[str] = Field(description="What renders at an unknown speed.")
    seconds: float | None = Field(description="Wall clock at the plan's concurrency, on this machine.")
    rows: list[Row]


def estimate(plan: Plan, trials: list[Trial]) -> Estimate:
    """The estimate for these trials of the plan; blocking for some seconds.

    Opens the exemplar stores and embeds a few queries; raises InputError where a store or a shape is not usable.
    """
    steps = _Steps()
    for trial in trials:
        steps.add(trial)
    writing = _writing(steps, sample([trial.query.text for trial in trials]))
    total = sum(writing.values(), Tokens())
    costs = {llm: cost(llm, round(spent.read), round(spent.written)) for llm, spent in writing.items()}
    known = [price for price in costs.values() if price is not None]
    gpu, unknown = _rendering(steps)
    found = Estimate(
        trials=len(trials),
        scripts=len(steps.scripts),
        shared_scripts=steps.attempts - len(steps.scripts),
        llm_calls=round(total.calls),
        input_tokens=round(total.read),
        output_tokens=round(total.written),
        cost=sum(known) if len(known) == len(costs) else None,
        unpriced=sorted(llm for llm, price in costs.items() if price is None),
        renders=len(steps.clips),
        gpu_seconds=None if unknown else gpu,
        unknown_speed=unknown,
        seconds=None if unknown or steps.own_model() else _wall_clock(steps, writing, gpu, plan.concurrency),
        rows=[],
    )
    return found.model_copy(update={"rows": _rows(found, steps, sum(known), plan.concurrency)})


class _Steps:
    """The different scripts, clips and researches of trials, each with settings that it is made by."""

    def __init__(self) -> None:
        self.attempts = 0
        self.scripts: dict[str, tuple[Context, int]] = {}
        self.clips: dict[str, Context] = {}
        self.researches: list[Context] = []

    def add(self, trial: Trial) -> None:
        context = Context(**trial.settings)
        self.researches.append(context)
        for round_, (script, clip) in enumerate(_keys(trial.query.text, context), 1):
            self.attempts += 1
            self.scripts.setdefault(script, (context, round_))
            if context.renderer != NO_RENDERER:
                self.clips.setdefault(clip, context)

    def own_model(self) -> bool:
        """Whether a GGUF file of the user's own writes, whose speed nobody knows."""
        return any(context.gguf and context.llm == "embedded" for context, _ in self.scripts.values())


def _keys(query: str, context: Context) -> Iterator[tuple[str, str]]:
    """What names the script and the clip of each round; a rewrite depends on how the earlier rounds were judged."""
    drawing = {"renderer": context.renderer}
    if context.renderer != NO_RENDERER:
        drawing |= context.model_dump(mode="json", include=set(RenderRequest.model_fields))
    shaping = set(WRITING) | (set(RESEARCH) if context.mode == "pe" else set())
    first = [query, context.model_dump(mode="json", include=shaping)]
    judging = context.model_dump(mode="json", include=set(JUDGING))
    for round_ in range(1, context.max_revisions + 2):
        script = json.dumps([*first, judging, drawing, round_] if round_ > 1 else first, sort_keys=True)
        yield script, json.dumps([script, drawing], sort_keys=True)


def _writing(steps: _Steps, queries: list[str]) -> dict[str, Tokens]:
    """By language model, what all scripts and researches cost together."""
    spent: dict[str, Tokens] = defaultdict(Tokens)
    known: dict[str, Tokens] = {}
    for context, round_ in steps.scripts.values():
        kind = context.model_dump_json(include={*WRITING, *RESEARCH} - {"seed"}) + str(round_)
        if kind not in known:
            known[kind] = script_cost(context, queries, round_)
        spent[context.llm] += known[kind]
    for context in steps.researches:
        kind = context.model_dump_json(include={*RESEARCH, "mode"})
        if kind not in known:
            known[kind] = research_cost(context, queries)
        spent[context.llm] += known[kind]
    return dict(spent)


def _rendering(steps: _Steps) -> tuple[float, list[str]]:
    """Seconds of the GPU for all clips, and what draws at an unknown speed."""
    total, unknown = 0.0, set()
    known: dict[str, float | None] = {}
    for context in steps.clips.values():
        if context.renderer == "animatic":
            continue
        name = context.model or "the default model"
        kind = context.model_dump_json(include={"renderer", *RenderRequest.model_fields} - {"seed"})
        if kind not in known:
            known[kind] = gpu_seconds(context) if context.renderer == "diffusion" else None
        seconds = known[kind]
        if seconds is None:
            unknown.add(f"{context.renderer} ({name})")
        else:
            total += seconds
    return total, sorted(unknown)


def _wall_clock(steps: _Steps, writing: dict[str, Tokens], gpu: float, bounds: Concurrency) -> float:
    """The resource that is busy longest; the processor is one, which everything that runs here shares."""
    cores = os.cpu_count() or 1
    here = _embedded_seconds(writing.get("embedded", Tokens()))
    hosted = sum(
        (
            spent.written / HOSTED_WRITTEN + spent.calls * HOSTED_WAIT
            for llm, spent in writing.items()
            if llm != "embedded"
        )
    )
    drawn = sum(context.renderer == "animatic" for context in steps.clips.values()) * ANIMATIC
    judged = steps.attempts * JUDGED
    busy = (
        here / min(bounds.llm, cores) + hosted / bounds.llm,
        (gpu + drawn) / bounds.render,
        judged / bounds.score,
        (here + judged) / cores + drawn,
    )
    return START + max(busy)


def _embedded_seconds(spent: Tokens) -> float:
    return spent.read / EMBEDDED_READ + spent.written / EMBEDDED_WRITTEN


def _rows(found: Estimate, steps: _Steps, known_cost: float, bounds: Concurrency) -> list[Row]:
    staged = any(is_staged(context) for context, _ in steps.scripts.values())
    whole = any(not is_staged(context) for context, _ in steps.scripts.values())
    calls = [f"{sum(STAGED_CALLS.values()):.1f} a script of the embedded model (measured)"] * staged
    calls += [f"{WHOLE_CALLS} a script (assumed)"] * whole
    lengths = ["measured lengths"] * staged + ["assumed lengths, without the thoughts of reasoning models"] * whole
    return [
        Row("Trials", f"{found.trials:,}", "systems x queries x seeds"),
        Row("Scripts", f"{found.scripts:,}", f"if every revision is made; {found.shared_scripts:,} more are shared"),
        Row("LLM calls", f"{found.llm_calls:,}", "; ".join(calls)),
        Row("Tokens in", f"{found.input_tokens:,}", f"prompts of some queries, {CHARACTERS} characters a token"),
        Row("Tokens out", f"{found.output_tokens:,}", "; ".join(lengths)),
        Row("Cost", *_cost(found, known_cost)),
        Row("Clips", f"{found.renders:,}", "if every revision is drawn; equal clips are drawn once"),
        Row("GPU time", *_gpu(found)),
        Row("Wall clock", *_time(found, steps, bounds)),
    ]


def _cost(found: Estimate, known: float) -> tuple[str, str]:
    origin = f"list prices of {AS_OF}"
    if found.cost is not None:
        return f"${found.cost:,.2f}", origin
    unpriced = f"no price is known of {', '.join(_short(llm) for llm in found.unpriced)}"
    return (f"${known:,.2f} and more", f"{origin}; {unpriced}") if known else ("not known", unpriced)


def _short(llm: str) -> str:
    return llm.partition("@")[0].rpartition("/")[2]


def _gpu(found: Estimate) -> tuple[str, str]:
    if found.gpu_seconds is None:
        return "not known", f"no speed is known of {', '.join(found.unknown_speed)}"
    if not found.gpu_seconds:
        return "none", "animatics are drawn by the processor" if found.renders else "nothing is drawn"
    return duration(found.gpu_seconds), ORIGIN


def _time(found: Estimate, steps: _Steps, bounds: Concurrency) -> tuple[str, str]:
    at_once = f"{bounds.llm} writing, {bounds.render} rendering, {bounds.score} judging at once"
    if found.seconds is None:
        return "not known", at_once
    llms = {context.llm for context, _ in steps.scripts.values()}
    speeds = [f"{EMBEDDED_READ} tokens a second in, {EMBEDDED_WRITTEN} out (measured)"] * ("embedded" in llms)
    speeds += [f"{HOSTED_WRITTEN} tokens a second out (assumed)"] * bool(llms - {"embedded"})
    return duration(found.seconds), "; ".join([at_once, *speeds])


def duration(seconds: float) -> str:
    """Such as `40 s`, `25 min` or `3 h 20 min`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60:,} h {minutes % 60} min"
