"""Video diffusion: any model of the table, or any folder saved by diffusers, rendered by a worker process."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..errors import InputError, PopcornError
from . import Instead, Progress, RenderRequest, Spec, levers, pool
from .cache import metadata_of
from .covers import cover_source
from .devices import TIER_MEANS, Device, choose_tier, device, next_tier
from .job import Job, Settings
from .sizing import Shape, shape_of
from .sources import Source, locate
from .specs import ModelSpec, Preset

VERSION = "2"  # raise it with every change that changes a picture
LIBRARIES = ("torch", "diffusers", "transformers", "numpy", "av")
COMMENT = "AI-generated video (text-to-video diffusion), made with popcorn-agents."


def plan(request: RenderRequest) -> Spec:
    """What the render promises; raises InputError, before anything is loaded, for what the model cannot do."""
    source = locate(request.model, request.random_weights)
    settings = resolve(request, source, device())
    shape = settings.shape
    return Spec(
        renderer="diffusion",
        kind="footage",
        width=shape.out_width,
        height=shape.out_height,
        fps=shape.out_fps,
        frames=shape.out_frames,
        versions={"diffusion": VERSION} | {name: _version(name) for name in LIBRARIES},
        model=source.label,
        audio=source.row.sound,
        settings=settings.model_dump(mode="json"),
        comment=COMMENT,
    )


def resolve(request: RenderRequest, source: Source, on: Device) -> Settings:
    """Every setting that shapes the clip, from the request, the preset and the model's row; raises InputError."""
    row = source.row
    preset = preset_of(request.preset, row)
    wanted = request.memory
    if preset is not None and wanted == "auto" and preset.memory and on.kind == "cuda":
        tier = preset.memory
    else:
        tier = choose_tier(row, on, wanted)
    shape = shape_of(request, row, preset)
    if on.kind == "cpu":
        _check_host(source, on, shape)
    negative = request.negative_prompt
    if negative is None:
        negative = preset.negative_prompt if preset else row.negative_prompt
    elif negative and not row.takes_negative:
        raise InputError(f"{row.name} takes no negative prompt; leave out --negative-prompt.")
    return Settings(
        row=row.name,
        pipeline=row.pipeline,
        identity=source.identity,
        random_weights=request.random_weights,
        device=on.kind,
        device_name=on.name,
        tier=tier,
        dtype="float32" if tier == "cpu" else row.dtype if on.kind == "cuda" else "bfloat16",
        float32_parts=row.float32_parts,
        levers=levers.chosen(request.speed, row),
        shape=shape,
        steps=request.steps or (preset.steps if preset else row.steps),
        guidance=_first(request.guidance, preset.guidance if preset else None, row.guidance),
        guidance_route=row.guidance_route,
        negative_prompt=negative if row.takes_negative else "",
        takes_frame_rate=row.takes_frame_rate,
        call=row.call,
        scheduler=row.scheduler,
        cover=cover_source(request.cover_model)[0],
    )


def preset_of(name: str | None, row: ModelSpec) -> Preset | None:
    """The row's preset; raises InputError, listing those it has, for one it has not."""
    if name is None:
        return None
    if name not in row.presets:
        has = ", ".join(row.presets) or "none"
        raise InputError(f"{row.name} has no preset {name[:40]!r}; it has: {has}.")
    return row.presets[name]


def draw(request: RenderRequest, spec: Spec, video: Path, cover: Path, progress: Progress) -> dict[str, Any]:
    """Have the worker write the clip and its cover; out of memory goes on one tier lower, once."""
    source = locate(request.model, request.random_weights)
    settings = Settings.model_validate(spec.settings)
    job = Job(
        settings=settings,
        prompt=request.prompt,
        cover_prompt=request.cover_prompt,
        seed=request.seed,
        folder=str(source.folder.absolute()) if source.folder else None,
        hub_id=source.row.hub_id or None,
        revision=source.revision,
        cover_folder=cover_source(request.cover_model)[1],
        video=str(video.absolute()),
        cover=str(cover.absolute()),
        metadata=metadata_of(request, spec),
    )
    try:
        answer = pool.run({"job": job.model_dump(mode="json")}, progress, settings.steps + 1)
    except pool.OutOfMemoryError as error:
        raise step_down(request, settings, str(error)) from error
    return {**answer["checks"], "model_timings": answer["timings"]}


def step_down(request: RenderRequest, settings: Settings, said: str) -> Exception:
    """What to raise when memory ran out: the same request one tier lower, or an error where that cannot be."""
    lower = next_tier(settings.tier)
    if lower is None or request.memory != "auto":
        return PopcornError(
            f"{settings.row} ran out of memory in tier {settings.tier} ({said[:160]}); ask for a smaller --size or "
            "fewer --seconds, or choose a lower --memory tier or a smaller model."
        )
    reason = f"Out of memory in tier {settings.tier}; rendered in {lower} ({TIER_MEANS[lower]})."
    return Instead(request.model_copy(update={"memory": lower}), reason)


def _check_host(source: Source, on: Device, shape: Shape) -> None:
    """On a CPU, refuse what cannot fit before hours are spent: float32 weights, and room to decode."""
    if source.folder is not None:
        weights = sum(path.stat().st_size for path in source.folder.rglob("*.safetensors")) / 2**30
    else:
        weights = 2 * source.row.memory["80gb"]
    needed = weights + 12 * shape.width * shape.height * shape.frames * 8 / 2**30
    if needed > on.free:
        raise InputError(
            f"{source.label} needs about {needed:.0f} GiB of memory on a CPU and {on.free:.0f} are free; use a machine "
            "with an NVIDIA GPU, or the animatic."
        )


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError as error:
        raise PopcornError(f"{name} is not installed; run: pip install {name}") from error
