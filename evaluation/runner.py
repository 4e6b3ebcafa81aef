"""Run a plan: trials side by side within the bounds of each resource, past failures, resumable after any end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel

from ..agents.critic import Attempt, best
from ..graph.context import Context
from ..graph.driver import cause_of, step_limit
from ..graph.folders import Failure, attempt_folder, make_folder, only_one, write_json
from ..graph.runs import check_settings
from ..graph.state import InputState, State
from ..graph.workflow import Node, build_graph
from ..tools.errors import InputError, PopcornError
from ..tools.popularity.predictor import noise, score_titles
from ..tools.structured import Usage
from .plan import NO_RENDERER, Plan, contexts_of
from .records import AttemptRecord, Trial, TrialResult
from .results import ResultsFile, read_results
from .stages import Spent, local_stages, spent, without_clips, written_once

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.graph.state import CompiledStateGraph

    Graph = CompiledStateGraph[State, Context, InputState, State]

OnTrial = Callable[[TrialResult, "Tally"], None]
Stages = Callable[[Plan], AbstractAsyncContextManager[dict[str, Node]]]
ALIKE = 10
"""So many failures in a row of one cause mean that something is broken that no further trial will mend."""


class Tally(BaseModel):
    """How far an evaluation is; `before` were there when it began."""

    total: int
    before: int = 0
    finished: int = 0
    failed: int = 0
    causes: dict[str, int] = {}


def check_plan(plan: Plan) -> None:
    """Raise what any system of the plan would raise at its start, without a call to a model."""
    for name, (context, _) in contexts_of(plan).items():
        try:
            check_settings(context, renders=context.renderer != NO_RENDERER)
        except PopcornError as error:
            raise InputError(f"System {name}: {error}") from error
    if plan.clip_model is not None:
        from .clip_score import check_clip_model

        check_clip_model(plan.clip_model)


async def evaluate(
    plan: Plan, trials: list[Trial], out: Path, on_trial: OnTrial | None = None, *, stages: "Stages | None" = None
) -> Tally:
    """Run what is left of the trials and append each to out/results.jsonl; a failed one is tried again.

    Raises InputError where the folder holds results of other settings or is in use, PopcornError where nothing can be
    written or ten trials in a row fail alike. Finished trials are kept whatever happens.
    """
    make_folder(out)
    with only_one(out, f"Another process evaluates into {out}; wait for it or name another folder."):
        await asyncio.to_thread(_write_plan, plan, out)
        todo, tally = await asyncio.to_thread(_left, trials, out)
        if not todo:
            return tally
        results = await asyncio.to_thread(ResultsFile, out)
        try:
            async with (stages or local_stages)(plan) as nodes:
                await _run_all(todo, _Graphs(nodes, out), plan, results, tally, on_trial)
        finally:
            results.close()
        return tally


class _Graphs:
    """The graph with clips and without, over the same nodes."""

    def __init__(self, nodes: dict[str, Node], out: Path) -> None:
        nodes = {**nodes, "write": written_once(nodes["write"], out / "scripts"), "finish": _keep}
        self.out = out
        self.drawing = self._graph(nodes)
        self.scripts = self._graph(without_clips(nodes))

    def _graph(self, nodes: dict[str, Node]) -> "Graph":
        parts = {name: nodes[name] for name in ("research", "write", "render", "critique", "finish")}
        return build_graph(**parts).compile(name="popcorn")

    def of(self, context: Context) -> "Graph":
        return self.scripts if context.renderer == NO_RENDERER else self.drawing


async def _keep(state: State, runtime: Any) -> dict[str, Any]:
    """What `finish` would put together is a line of results.jsonl here."""
    return {}


async def _run_all(
    todo: list[Trial], graphs: _Graphs, plan: Plan, results: ResultsFile, tally: Tally, on_trial: OnTrial | None
) -> None:
    queue = iter(todo)
    row: list[str] = []  # the causes of the failures since the last success
    bounds = plan.concurrency

    async def work() -> None:
        for trial in queue:
            result = await _run(trial, graphs, plan.clip_model)
            await asyncio.to_thread(results.append, result)
            _count(tally, result)
            if on_trial is not None:
                on_trial(result, tally)
            _give_up(row, result)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(len(todo), bounds.llm + bounds.render + bounds.score)):
                group.create_task(work())
    except ExceptionGroup as errors:  # the first ends the others
        raise errors.exceptions[0] from errors


def _count(tally: Tally, result: TrialResult) -> None:
    if result.failure is None:
        tally.finished += 1
    else:
        tally.failed += 1
        said = f"{result.failure.node}: {result.failure.cause}"
        tally.causes[said] = tally.causes.get(said, 0) + 1


def _give_up(row: list[str], result: TrialResult) -> None:
    row[:] = [*row, result.failure.cause] if result.failure else []
    if len(row) >= ALIKE and len(set(row[-ALIKE:])) == 1:
        raise PopcornError(
            f"{ALIKE} trials in a row failed alike: {row[-1]} Mend that and run the same command again; "
            "what is finished is kept."
        )


async def _run(trial: Trial, graphs: _Graphs, clip_model: str | None) -> TrialResult:
    """One trajectory; whatever goes wrong is its result."""
    context = Context(**{**trial.settings, "runs_dir": graphs.out / "runs"})
    run_id = f"trial-{trial.key[:24]}"
    costs = Spent()
    spent.set(costs)
    node, state = "research", cast(State, {})
    facts = {**trial.model_dump(include={"key", "system", "seed", "settings"}), "query": trial.query}
    try:
        async for mode, part in _stream(graphs.of(context), trial, run_id, context):
            if mode == "values":
                state = part
            else:
                node = part["node"]
        node = "judge"
        scored = await asyncio.to_thread(_judged, state, graphs.out, context, run_id, clip_model)
    except Exception as error:  # noqa: BLE001  # one trial's failure, whatever it is, must not end the others
        failure = Failure(node=node, cause=cause_of(error))
        return TrialResult(**facts, status="failed", failure=failure, timings=costs.seconds, **_costs(state, costs))
    return TrialResult(
        **facts,
        status="finished",
        attempts=scored,
        best_round=best(state["attempts"], noise()).round,
        tags=state["brief"].tags,
        exemplars=len(state["brief"].exemplars),
        timings=costs.seconds,
        **_costs(state, costs),
    )


def _stream(graph: "Graph", trial: Trial, run_id: str, context: Context) -> AsyncIterator[tuple[str, Any]]:
    config: RunnableConfig = {"recursion_limit": step_limit(context)}
    first = InputState(query=trial.query.text, run_id=run_id)
    return cast(
        AsyncIterator[tuple[str, Any]],
        graph.astream(first, config, context=context, stream_mode=["custom", "values"]),
    )


def _costs(state: State, costs: Spent) -> dict[str, Any]:
    timings = state.get("timings", [])
    return {
        "usage": sum((timing.usage for timing in timings), Usage()),
        "device_seconds": sum(timing.device_seconds for timing in timings),
        "cached": costs.cached,
    }


def _judged(state: State, out: Path, context: Context, run_id: str, clip_model: str | None) -> list[AttemptRecord]:
    """The attempts with the score of the judge that shares no video with the loop's critic; blocking."""
    attempts = state["attempts"]
    judges = score_titles([attempt.script.title for attempt in attempts], judge=True)
    return [
        AttemptRecord(
            round=attempt.round,
            **attempt.script.model_dump(include={"title", "cover_prompt", "video_prompt"}),
            **_clip(attempt, state["query"], out, context, run_id, clip_model),
            critic=attempt.critique.score,
            judge=judged,
            vetoes=attempt.critique.vetoes,
            issues=attempt.critique.issues,
            verdict=attempt.critique.verdict,
            similarity=attempt.critique.originality.similarity,
            nearest_title=attempt.critique.originality.nearest_title,
        )
        for attempt, judged in zip(attempts, judges, strict=True)
    ]


def _clip(
    attempt: Attempt, query: str, out: Path, context: Context, run_id: str, clip_model: str | None
) -> dict[str, Any]:
    if attempt.clip is None:
        return {}
    path = attempt_folder(context.runs_dir, run_id, attempt.round) / "clip.mp4"
    found: dict[str, Any] = {"clip": str(path.relative_to(out.absolute())), "kind": attempt.clip.kind}
    if clip_model is not None:
        from .clip_score import clip_score

        found["clip_score"] = clip_score(query, path, clip_model)
    return found


def _write_plan(plan: Plan, out: Path) -> None:
    write_json(out / "plan.json", plan)


def _left(trials: list[Trial], out: Path) -> tuple[list[Trial], Tally]:
    """The trials without a finished result, and the tally so far; raises InputError for results of other settings."""
    known = read_results(out) if (out / "results.jsonl").exists() else []
    keys = {(result.system, result.query.id, result.seed): result for result in known}
    todo = []
    for trial in trials:
        result = keys.get((trial.system, trial.query.id, trial.seed))
        if result is not None and result.key != trial.key:
            raise InputError(
                f"{out} holds results of other settings for system {trial.system}; name another folder with --out."
            )
        if result is None or result.status == "failed":
            todo.append(trial)
    done = len(trials) - len(todo)
    return todo, Tally(total=len(trials), before=done, finished=done)
