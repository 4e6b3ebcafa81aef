"""Plans: which systems run on which queries with which seeds; checked whole before the first call."""

import hashlib
import itertools
import json
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from ..graph.context import Context
from ..tools.errors import InputError
from .records import CATEGORIES, Query, Trial

FREE = frozenset({"runs_dir", "cache_dir", "checkpoints", "review", "llm_timeout", "render_timeout"})
"""Settings that do not shape a trajectory, and that a plan does not set."""
NO_RENDERER = "none"
"""As `renderer`: no clip is drawn, and the critic judges the script alone."""
Seeds = Annotated[list[Annotated[int, Field(ge=0, le=2**31 - 1)]], Field(min_length=1)]
_SEEDS = TypeAdapter(Seeds)


class QuerySet(BaseModel):
    """Which queries: a source, narrowed by type, category and count."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field("popcorn", description="popcorn (200 bundled), hub, or a text, CSV or JSONL file.")
    types: list[str] = Field([], description="concrete, abstract; empty: all.")
    categories: list[str] = Field([], description=f"Such as {', '.join(CATEGORIES)}; empty: all.")
    per_group: int | None = Field(None, ge=1, description="The first N of each type in each category.")
    limit: int | None = Field(None, ge=1, description="The first N of what is left.")


class Concurrency(BaseModel):
    """How many of each may be under way at once."""

    model_config = ConfigDict(extra="forbid")

    llm: int = Field(1, ge=1, le=256, description="Scripts being written; each embedded model is a process of its own.")
    render: int = Field(1, ge=1, le=64, description="Clips being rendered.")
    score: int = Field(1, ge=1, le=64, description="Attempts being judged.")


class Plan(BaseModel):
    """A whole evaluation. A system is a set of settings; a list of values makes one system of each."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")
    description: str = ""
    queries: QuerySet = QuerySet()
    seeds: Seeds = Field([7], description="One trial each, unless a system has `seeds` of its own.")
    settings: dict[str, Any] = Field({}, description="Settings of every system: the names of `run --help`.")
    systems: dict[str, dict[str, Any]] = Field(min_length=1)
    concurrency: Concurrency = Concurrency()
    clip_model: str | None = Field(None, description="Image-text encoder (hub id or folder) of the clip score.")

    @model_validator(mode="after")
    def _usable(self) -> "Plan":
        contexts_of(self)
        return self


def load_plan(name_or_path: str) -> Plan:
    """A ready plan by its name, or a YAML file; raises InputError with what is wrong in it."""
    import yaml

    ready = ready_plans()
    path = Path(name_or_path)
    if name_or_path in ready:
        text = resources.files(__package__).joinpath("plans", f"{name_or_path}.yaml").read_text("utf-8")
    else:
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"There is no plan {name_or_path[:200]!r}; name a YAML file or one of {', '.join(ready)}."
            ) from error
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1})" if mark else ""
        raise InputError(f"{name_or_path} is not valid YAML{place}; correct it.") from error
    if not isinstance(content, dict):
        raise InputError(f"{name_or_path} holds no plan; see `popcorn-agents evaluate --help`.")
    try:
        return Plan.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{name_or_path}: {_in_one_sentence(error)}") from error


def narrowed(plan: Plan, settings: dict[str, Any], source: str | None, limit: int | None) -> Plan:
    """The plan with further settings of every system, other queries, or fewer; raises InputError for unfit ones."""
    queries = plan.queries.model_copy(update={"source": source} if source else {})
    if limit is not None:
        queries = queries.model_copy(update={"limit": limit})
    content = {**plan.model_dump(), "settings": {**plan.settings, **settings}, "queries": queries.model_dump()}
    try:
        return Plan.model_validate(content)
    except ValidationError as error:
        raise InputError(_in_one_sentence(error)) from error


def ready_plans() -> list[str]:
    """The names of the plans that come with the package."""
    folder = resources.files(__package__).joinpath("plans")
    return sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml"))


def contexts_of(plan: Plan) -> dict[str, tuple[Context, list[int]]]:
    """(settings, seeds) of every system by its full name, such as `pe k=10 tags=2`; raises ValueError for bad ones."""
    found: dict[str, tuple[Context, list[int]]] = {}
    for name, own in plan.systems.items():
        settings = {**plan.settings, **own}
        seeds = _seeds(name, settings.pop("seeds", plan.seeds))
        if wrong := sorted(settings.keys() & FREE):
            raise ValueError(f"system {name}: {wrong[0]} is not for a plan to set")
        if "seed" in settings:
            raise ValueError(f"system {name}: give seeds, a list, instead of seed")
        axes = {field: values for field, values in settings.items() if isinstance(values, list)}
        if empty := [field for field, values in axes.items() if not values]:
            raise ValueError(f"system {name}: {empty[0]} is an empty list")
        for chosen in itertools.product(*axes.values()):
            variant = dict(zip(axes, chosen, strict=True))
            full = " ".join([name, *(f"{field}={value}" for field, value in variant.items())])
            try:
                found[full] = Context(**{**settings, **variant}), seeds
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                raise ValueError(f"system {full}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return found


def _seeds(system: str, seeds: Any) -> list[int]:
    try:
        valid = _SEEDS.validate_python(seeds)
    except ValidationError as error:
        raise ValueError(f"system {system}: seeds: {error.errors(include_url=False)[0]['msg']}") from error
    if len(set(valid)) < len(valid):
        raise ValueError(f"system {system}: a seed stands in its seeds twice")
    return valid


def trials(plan: Plan, queries: list[Query]) -> list[Trial]:
    """Every trial, query by query, so that a stopped evaluation has compared what it has; raises InputError.

    Opens the systems' exemplar stores, whose content is part of the key.
    """
    systems = contexts_of(plan)
    stores = {name: _content_hash(context) for name, (context, _) in systems.items()}
    found = []
    for query in queries:
        for name, (context, seeds) in systems.items():
            for seed in seeds:
                settings = context.model_copy(update={"seed": seed}).model_dump(mode="json")
                found.append(
                    Trial(
                        system=name,
                        query=query,
                        seed=seed,
                        settings=settings,
                        key=trial_key(query.text, settings, stores[name]),
                    )
                )
    return found


def trial_key(query: str, settings: dict[str, Any], exemplars: str) -> str:
    """Hash of all that shapes a trajectory: the query, the settings but the FREE ones, the exemplars' content."""
    shaping = {name: value for name, value in settings.items() if name not in FREE}
    content = json.dumps([query, shaping, exemplars], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def _content_hash(context: Context) -> str:
    if context.mode == "basic":
        return ""
    from ..tools.exemplars import open_store

    return open_store(context.exemplars, context.embedding).manifest.content_hash


def _in_one_sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"{where} is not a key of a plan; keys are {', '.join(Plan.model_fields)}."
    said = first["msg"].removeprefix("Value error, ")
    return f"{where + ': ' if where else ''}{said}."
