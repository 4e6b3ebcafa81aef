"""What makes a model faster, switched on for one render, with a count that tells whether it had any effect."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import InputError
from .specs import ModelSpec

ATTENTION = "_native_cudnn"  # of diffusers' attention backends: needs no further package and runs on every recent GPU


def chosen(speed: str, row: ModelSpec) -> tuple[str, ...]:
    """The levers of `plain`, `fast`, or a list such as `first-block:0.1,attention:flash`; InputError for others."""
    if speed in ("plain", "fast"):
        return row.fast if speed == "fast" else ()
    names = tuple(part.strip() for part in speed.split(",") if part.strip())
    wrong = [name for name in names if name.partition(":")[0] not in row.levers]
    if wrong or not names:
        works = ", ".join(row.levers) or "none"
        raise InputError(f"--speed {speed[:80]!r}: {row.name} takes plain, fast, or of these levers: {works}.")
    for name in names:
        _number(name)
    return names


def _number(lever: str, default: float = 0.0) -> float:
    name, _, value = lever.partition(":")
    if not value or name == "attention":
        return default
    try:
        return float(value)
    except ValueError as error:
        raise InputError(
            f"--speed {lever[:40]!r}: after the colon stands a number, such as first-block:0.1."
        ) from error


class Work:
    """Counts what the transformers compute: forwards, calls of linear layers, and calls by attention backend.

    A cache saves linear layers: without one, every forward takes as many as the first, which no cache can shorten.
    """

    def __init__(self) -> None:
        self.forwards = 0
        self.linears = 0
        self.first = 0
        self.attention: dict[str, int] = {}

    def computed(self) -> float:
        """Share of the linear layers that were really computed, 1.0 for a plain render."""
        return self.linears / (self.first * self.forwards) if self.first and self.forwards else 1.0


def transformers_of(pipe: Any) -> list[Any]:
    """The pipeline's denoisers: one, or two where high and low noise have their own."""
    parts = (getattr(pipe, name, None) for name in ("transformer", "transformer_2"))
    return [part for part in parts if part is not None]


@contextmanager
def counted(pipe: Any) -> Iterator[Work]:
    """Count the work of the pipeline's transformers while the block runs."""
    import torch

    work, handles = Work(), []

    def linear(*_: object) -> None:
        work.linears += 1

    def forward(*_: object) -> None:
        work.forwards += 1
        work.first = work.first or work.linears

    for model in transformers_of(pipe):
        handles.append(model.register_forward_hook(forward))
        inside = (module for module in model.modules() if isinstance(module, torch.nn.Linear))
        handles += [module.register_forward_hook(linear) for module in inside]
    try:
        with _attention_counted(work):
            yield work
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _attention_counted(work: Work) -> Iterator[None]:
    from diffusers.models.attention_dispatch import _AttentionBackendRegistry as Registry

    plain = dict(Registry._backends)

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            work.attention[name] = work.attention.get(name, 0) + 1
            return function(*args, **kwargs)

        return call

    Registry._backends.update({name: counting(str(name.value), function) for name, function in plain.items()})
    try:
        yield
    finally:
        Registry._backends.update(plain)


@contextmanager
def switched_on(pipe: Any, levers: tuple[str, ...]) -> Iterator[dict[str, dict[str, Any]]]:
    """Render with these levers; when the block ends, the yielded record says of each whether it had an effect."""
    report: dict[str, dict[str, Any]] = {}
    if not levers:
        yield report
        return
    caches = [lever for lever in levers if lever.partition(":")[0] in CACHES]
    attention = [lever.partition(":")[2] or ATTENTION for lever in levers if lever.startswith("attention")]
    if len(caches) > 1:
        raise InputError(f"One cache at a time: {' and '.join(caches)} cannot be combined.")
    try:
        for model in transformers_of(pipe):
            for lever in caches:
                model.enable_cache(CACHES[lever.partition(":")[0]](pipe, lever))
            for backend in attention:
                _set_attention(model, backend)
        if "compile" in levers:
            yield report
            report["compile"] = _compiled()
        else:
            with counted(pipe) as work:
                yield report
            report |= {lever: _saved(work) for lever in caches}
            report |= {f"attention:{backend}": _called(work, backend) for backend in attention}
    finally:
        for model in transformers_of(pipe):
            if caches:
                model.disable_cache()
            if attention:
                model.reset_attention_backend()


def _set_attention(model: Any, backend: str) -> None:
    try:
        model.set_attention_backend(backend)
    except (ValueError, RuntimeError, ImportError) as error:
        raise InputError(f"The attention backend {backend[:40]!r} cannot be used here: {str(error)[:300]}") from error


def _saved(work: Work) -> dict[str, Any]:
    return {"effect": work.computed() < 1.0, "computed": round(work.computed(), 4)}


def _called(work: Work, backend: str) -> dict[str, Any]:
    calls = work.attention.get(backend, 0)
    return {"effect": calls > 0, "calls": calls}


def _compiled() -> dict[str, Any]:
    from torch._dynamo.utils import counters

    graphs = int(counters["stats"]["unique_graphs"])
    return {"effect": graphs > 0, "graphs": graphs}


def _first_block(pipe: Any, lever: str) -> Any:
    from diffusers.hooks import FirstBlockCacheConfig

    return FirstBlockCacheConfig(threshold=_number(lever, 0.05))


def _pyramid(pipe: Any, lever: str) -> Any:
    from diffusers.hooks import PyramidAttentionBroadcastConfig

    return PyramidAttentionBroadcastConfig(
        spatial_attention_block_skip_range=int(_number(lever, 2)),
        spatial_attention_timestep_skip_range=(100, 800),
        current_timestep_callback=lambda: pipe.current_timestep,
    )


def _faster(pipe: Any, lever: str) -> Any:
    from diffusers.hooks import FasterCacheConfig

    return FasterCacheConfig(
        spatial_attention_block_skip_range=int(_number(lever, 2)),
        spatial_attention_timestep_skip_range=(-1, 681),
        unconditional_batch_skip_range=5,
        unconditional_batch_timestep_skip_range=(-1, 781),
        current_timestep_callback=lambda: pipe.current_timestep,
        attention_weight_callback=lambda _: 0.3,
        tensor_format="BFCHW",
    )


CACHES: dict[str, Callable[[Any, str], Any]] = {"first-block": _first_block, "pyramid": _pyramid, "faster": _faster}
