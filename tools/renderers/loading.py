"""A pipeline loaded for a job: from a folder or the hub (safetensors only), or random weights; then its tier."""

from pathlib import Path
from typing import Any

from ..errors import InputError, PopcornError
from .job import Job, Settings
from .levers import transformers_of
from .specs import BY_NAME

# Normalisations and what feeds attention are kept in bf16; `wo` because T5 casts its input to this weight's dtype.
KEPT = ("norm", "embed", "shared", "pos_embed", "proj_out", "lm_head", "wo", "rope")
TEXT_ENCODERS = ("text_encoder", "text_encoder_2")


def load(job: Job) -> Any:
    """The job's pipeline on its device and tier; raises PopcornError where the weights cannot be loaded."""
    import torch

    quiet()
    settings = job.settings
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise PopcornError("There is a GPU but this torch cannot use it; install the CUDA build of torch from PyPI.")
    pipe = _random(settings) if settings.random_weights else _from_folder(job, settings)
    pipe.set_progress_bar_config(disable=True)
    tune(pipe, settings)
    fit(pipe, settings)
    if "compile" in settings.levers:
        compile_denoiser(pipe)
    return pipe


def tune(pipe: Any, settings: Settings) -> None:
    """Give the scheduler what the row's sizes need, where that is not what its weights came with."""
    if settings.scheduler:
        pipe.scheduler = type(pipe.scheduler).from_config(pipe.scheduler.config, **settings.scheduler)


def quiet() -> None:
    """Keep the libraries' bars and warnings out of the worker's messages."""
    import diffusers
    import transformers

    for library in (diffusers.utils.logging, transformers.utils.logging):
        library.set_verbosity_error()
        library.disable_progress_bar()


def _random(settings: Settings) -> Any:
    from .architectures import build

    row = BY_NAME[settings.row]
    on_device = settings.device if settings.tier == "80gb" else "cpu"
    return build(row.family, row.parts, on_device, settings.dtype)


def _from_folder(job: Job, settings: Settings) -> Any:
    import diffusers
    import torch
    from safetensors import SafetensorError

    if not hasattr(diffusers, settings.pipeline):
        raise InputError(f"diffusers {diffusers.__version__} has no {settings.pipeline}; use another model or version.")
    default = getattr(torch, settings.dtype)
    kinds = {"default": default} | dict.fromkeys(settings.float32_parts, torch.float32)
    folder = job.folder or download(job)
    try:
        return diffusers.DiffusionPipeline.from_pretrained(
            folder, dtype=kinds, use_safetensors=True, local_files_only=True
        )
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        if "out of memory" in str(error).lower():
            raise
        reason = " ".join(str(error).split())[:300]
        raise PopcornError(
            f"The model in {Path(folder).name} could not be loaded ({reason}); download it again or name another."
        ) from error


def download(job: Job) -> str:
    """Fetch the pinned revision from the hub, safetensors only; raises PopcornError where that fails."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return str(
            snapshot_download(
                job.hub_id or "", revision=job.revision, ignore_patterns=["*.bin", "*.pt", "*.ckpt", "*.pth", "*.mp4"]
            )
        )
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise PopcornError(
            f"{job.hub_id} could not be downloaded ({type(error).__name__}); check the network, HF_TOKEN and the disk, "
            "and run the same command again: what has arrived is kept."
        ) from error


def fit(pipe: Any, settings: Settings) -> None:
    """Put the pipeline on its device as its tier says; below 80gb in fp8 storage, tiled, and moved piece by piece."""
    if settings.tier in ("80gb", "cpu"):
        pipe.to(settings.device)
        return
    cast(pipe, settings.dtype)
    tile(pipe)
    if settings.device != "cuda":
        return
    if settings.tier == "24gb":
        pipe.enable_model_cpu_offload()
    else:
        pipe.enable_group_offload("cuda", offload_type="leaf_level", use_stream=True)


def cast(pipe: Any, dtype: str) -> None:
    """Store the large weights in fp8 and compute in `dtype`."""
    import torch
    from diffusers.hooks import apply_layerwise_casting

    models = [*transformers_of(pipe), *(getattr(pipe, name, None) for name in TEXT_ENCODERS)]
    for model in (model for model in models if model is not None):
        skip = tuple(dict.fromkeys((*KEPT, *(getattr(model, "_skip_layerwise_casting_patterns", None) or ()))))
        apply_layerwise_casting(model, torch.float8_e4m3fn, getattr(torch, dtype), skip_modules_pattern=skip)


def tile(pipe: Any) -> None:
    """Decode in tiles: the decoder's peak is what runs out of memory after all the steps are done."""
    vae = getattr(pipe, "vae", None)
    if vae is not None and hasattr(vae, "enable_tiling"):
        vae.enable_tiling()


def compile_denoiser(pipe: Any) -> None:
    """Compile the denoiser: its repeated blocks where the class names them, the whole of it otherwise."""
    for model in transformers_of(pipe):
        if getattr(model, "_repeated_blocks", None):
            model.compile_repeated_blocks()
        else:
            model.compile()
