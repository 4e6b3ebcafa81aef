"""The graph's nodes on Ray Core actors, one kind a resource, each with its own loaded models, on one machine or many.

Ray itself repeats nothing: a call whose actor is lost is sent once more, to another, and a second loss is the trial's
failure.
"""

import asyncio
import logging
import math
import os
import signal
import threading
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from langgraph.runtime import Runtime

from ..graph.context import Context
from ..graph.state import State
from ..graph.workflow import Node
from ..tools.errors import InputError, PopcornError
from .plan import NO_RENDERER, Plan, contexts_of
from .ray_head import local_ray, protect
from .ray_worker import Answer, Parts, Place, Worker, clip_files, clip_here, default_cache, place_clip, real_parts
from .stages import spent

if TYPE_CHECKING:
    from .runner import Stages

ACTOR_SECONDS = 300.0
"""How long an actor may take to find room and to start."""
STARTS = 3
"""Actors in a row that may be lost before they answer until their place is given up."""
STAGES = {
    "llm": {"research": "research", "write": "write"},
    "render": {"render": "render"},
    "score": {"critique": "critique", "critique_script": "critique"},
}
"""By resource of a plan: its nodes, and the name under which each counts its seconds."""


def ray_stages(address: str | None = None, parts: Parts = real_parts) -> "Stages":
    """For `evaluate`: the stages on the Ray cluster at `address` or RAY_ADDRESS, else on a Ray of this machine.

    Raises InputError where Ray is missing or the address is of another kind.
    """
    address = address or os.environ.get("RAY_ADDRESS") or None
    if address is None:
        protect()
    _import_ray()
    if address is not None and "://" in address:
        raise InputError("Name the Ray cluster as HOST:PORT or auto, on a machine that belongs to it.")

    def on_ray(plan: Plan) -> AbstractAsyncContextManager[dict[str, Node]]:
        return _on_ray(plan, address, parts)

    return on_ray


@asynccontextmanager
async def _on_ray(plan: Plan, address: str | None, parts: Parts) -> AsyncIterator[dict[str, Node]]:
    async with AsyncExitStack() as stack:
        if address is None:
            address = await stack.enter_async_context(local_ray(_cpus(plan)))
        await stack.enter_async_context(_joined(address))
        nodes: dict[str, Node] = {}
        for resource, needs in needs_of(plan, gpus=_gpus()).items():
            crew = Crew(resource, getattr(plan.concurrency, resource), needs, parts)
            stack.callback(crew.end)
            nodes |= {stage: _sent(crew, stage, name) for stage, name in STAGES[resource].items()}
        yield {stage: nodes.get(stage, _unused) for stages in STAGES.values() for stage in stages}


def needs_of(plan: Plan, gpus: float) -> dict[str, dict[str, float]]:
    """What one actor of each resource asks of Ray: a CPU, next to nothing where it only waits for a server.

    An actor that renders with diffusion asks for a GPU where the cluster has some. A plan without clips has no
    resource `render`.
    """
    contexts = [context for context, _ in contexts_of(plan).values()]
    renderers = {context.renderer for context in contexts} - {NO_RENDERER}
    computes = {"llm": any(context.llm == "embedded" for context in contexts), "render": renderers != {"remote"}}
    needs = {name: {"num_cpus": 1.0 if computes.get(name, True) else 0.1} for name in STAGES}
    if "diffusion" in renderers and gpus >= 1:
        needs["render"]["num_gpus"] = 1.0
    return needs if renderers else {name: need for name, need in needs.items() if name != "render"}


def _cpus(plan: Plan) -> int:
    """A Ray of this machine has room for all that the plan lets run side by side."""
    needs = needs_of(plan, gpus=0)
    counts = plan.concurrency.model_dump()
    return math.ceil(sum(need["num_cpus"] * float(counts[name]) for name, need in needs.items()))


def _sent(crew: "Crew", stage: str, name: str) -> Node:
    async def run(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        return await crew.call(stage, state, runtime.context, name)

    return run


async def _unused(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    raise AssertionError("a plan without clips renders nothing")


class Member:
    """One place in a crew; its actor is made anew when it was lost."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.actor: Any = None
        self.at = ""  # the machine, once the actor has answered
        self.failed = 0  # actors in a row that were lost before they answered, as on a node that is just going

    def __lt__(self, other: "Member") -> bool:
        """Who has an actor comes first."""
        return (self.actor is None, self.number) < (other.actor is None, other.number)


class Crew:
    """The actors of one resource, each busy with one call at a time."""

    def __init__(self, resource: str, size: int, needs: dict[str, float], parts: Parts) -> None:
        # Nothing is repeated by Ray: whether to is decided here.
        once = {"max_restarts": 0, "max_task_retries": 0, "scheduling_strategy": "SPREAD"}
        self.make = _import_ray().remote(Worker).options(**once, **needs)
        self.resource, self.parts = resource, parts
        self.members = [Member(number) for number in range(size)]
        self.idle: asyncio.PriorityQueue[Member] = asyncio.PriorityQueue()
        for member in self.members:
            self._start(member)
            self.idle.put_nowait(member)

    async def call(self, stage: str, state: State, context: Context, name: str) -> dict[str, Any]:
        """Run a stage on the next free actor; raises PopcornError with its cause, or where two actors were lost."""
        from ray.exceptions import RayError, RayTaskError

        for _ in range(2):
            member = await self._free()
            started = time.perf_counter()
            try:
                return await _ask(member, stage, state, context)
            except RayTaskError as error:  # not the stage's own failure, which comes as an answer
                raise PopcornError(f"{type(error.cause).__name__}: {error.cause}") from error
            except RayError:
                at = member.at
                self._drop(member)
            finally:
                spent.get().seconds[name] += time.perf_counter() - started
                self.idle.put_nowait(member)
        raise PopcornError(
            f"Two Ray actors in a row were lost at this step, the last on {at}: its process or its machine ended, "
            "perhaps for want of memory; see Ray's logs there."
        )

    async def _free(self) -> Member:
        """The next free member, its actor alive; a place that finds no room is given up while there are others."""
        from ray.exceptions import RayError

        while True:
            member = await self.idle.get()
            known = member.at
            if member.actor is None:
                self._start(member)
            try:
                place: Place = await asyncio.wait_for(member.actor.place.remote(), ACTOR_SECONDS)
                _check_version(place)
            except TimeoutError:
                member.failed = STARTS
                why = f"no node had room for it within {ACTOR_SECONDS:.0f} s; add a node or lower the concurrency"
            except RayError as error:
                member.failed += not known  # else it was lost while it waited, and is made anew
                why = str(error).strip().splitlines()[-1][:300]
            except BaseException:
                self.idle.put_nowait(member)
                raise
            else:
                member.at, member.failed = place.host, 0
                return member
            self._drop(member)
            if member.failed >= STARTS and len(self.members) > 1:
                self.members.remove(member)
                continue
            self.idle.put_nowait(member)
            if member.failed >= STARTS:
                raise PopcornError(f"No Ray actor for {self.resource} could be started: {why}.")

    def _start(self, member: Member) -> None:
        member.actor = self.make.remote(self.parts)

    def _drop(self, member: Member) -> None:
        """Make sure that a lost actor, which may only be out of reach, does not work on."""
        _import_ray().kill(member.actor)
        member.actor, member.at = None, ""

    def end(self) -> None:
        """End every actor and what it loaded."""
        for member in self.members:
            if member.actor is not None:
                self._drop(member)


async def _ask(member: Member, stage: str, state: State, context: Context) -> dict[str, Any]:
    """One call; a clip goes along where the actor's machine lacks it, and comes back where this one does."""
    own_cache = context.cache_dir == default_cache()
    answer: Answer = await member.actor.run.remote(stage, state, context, own_cache)
    if answer.lacks_clip:
        files = await asyncio.to_thread(clip_files, state["clip"])
        answer = await member.actor.run.remote(stage, state, context, own_cache, files)
    if answer.update is None:
        raise PopcornError(answer.cause)
    update, kept = answer.update, context.cache_dir / "clips"
    if "clip" in update:
        clip = await asyncio.to_thread(clip_here, update["clip"], kept)
        if clip is None:
            files = await member.actor.fetch.remote(update["clip"])
            clip = await asyncio.to_thread(place_clip, update["clip"], files, kept)
        update = {**update, "clip": clip}
    if "attempts" in update:  # with the paths of this machine
        clips = {"clip": state.get("clip")}
        update = {**update, "attempts": [a.model_copy(update=clips) if a.clip else a for a in update["attempts"]]}
    return update


def _check_version(place: Place) -> None:
    if place.version != (own := version("popcorn-agents")):
        raise InputError(f"{place.host} has popcorn-agents {place.version}; install {own} there, as it is here.")


@asynccontextmanager
async def _joined(address: str) -> AsyncIterator[None]:
    """Connected to the cluster, quietly; a connection that the process already has is used and left as it is."""
    ray = _import_ray()
    if ray.is_initialized():
        yield
        return
    _join(ray, address)
    try:
        yield
    finally:
        await asyncio.shield(asyncio.to_thread(ray.shutdown))


def _join(ray: Any, address: str) -> None:
    main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL)
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise PopcornError(
            f"The Ray cluster at {address} cannot be joined ({reason}); start Ray on this machine with `ray start`, "
            "or leave --ray-address out."
        ) from error
    finally:
        if main:  # Ray puts its own in place
            signal.signal(signal.SIGTERM, handler)
    # A lost actor is told of once, by its trial; Ray would print a paragraph between the lines.
    ray._private.worker._worker_logs_enabled = False


def _gpus() -> float:
    return float(_import_ray().cluster_resources().get("GPU", 0))


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise InputError("The engine ray needs an extra; run: pip install 'popcorn-agents[cluster]'") from error
    return ray
