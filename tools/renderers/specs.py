"""The video models, one row each: where they come from, what they accept, how they are driven. Add a model as a row.

Sizes are (width, height). `memory` is the free device memory in GiB that a tier needs: an estimate from the weights
(2 bytes a parameter in bf16, 1 in fp8 storage) plus room for decoding; `render --benchmark` measures the real peak.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

Size = tuple[int, int]
Guidance = Literal["guidance_scale", "guider"]
"""Where a pipeline takes its guidance: as an argument of the call, or in the guider that it holds."""


@dataclass(frozen=True)
class Preset:
    """A named set of settings that replaces the row's own; the clip is then as long as its frames say."""

    size: Size
    frames: int
    fps: int
    steps: int
    guidance: float
    negative_prompt: str = ""
    memory: str | None = None


@dataclass(frozen=True)
class ModelSpec:
    """One row of the table."""

    name: str
    hub_id: str
    licence: str
    family: str
    pipeline: str
    frame_step: int  # frames are a multiple of this, plus one (CogVideoX decodes latents in pairs: 8, not 4)
    max_frames: int
    multiple: int  # both sides are multiples of this
    fps: int
    sizes: dict[str, Size]  # what is generated for an aspect; cropped where it is more than 1 % off
    steps: int
    guidance: float
    memory: dict[str, float]
    levers: tuple[str, ...]
    fast: tuple[str, ...]  # the levers of `--speed fast`
    guidance_route: Guidance = "guidance_scale"
    negative_prompt: str = ""
    takes_negative: bool = True
    dtype: str = "bfloat16"
    float32_parts: tuple[str, ...] = ()
    takes_frame_rate: bool = False
    sound: bool | None = False  # whether it makes sound with the picture; None: not known
    call: dict[str, Any] = field(default_factory=dict)  # further arguments of the pipeline's call
    scheduler: dict[str, Any] = field(default_factory=dict)  # what its sizes need of the scheduler
    presets: dict[str, Preset] = field(default_factory=dict)
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)  # full-size settings that differ from the classes'


PORTRAIT = {"9:16": (544, 960), "16:9": (960, 544), "1:1": (720, 720)}
HD = {"9:16": (720, 1280), "16:9": (1280, 720), "1:1": (960, 960)}
COGVIDEOX = {"9:16": (480, 720), "16:9": (720, 480), "1:1": (480, 480)}
BLURRED = "worst quality, inconsistent motion, blurry, jittery, distorted"
WAN_NEGATIVE = "overexposed, static picture, blurred details, subtitles, low quality, deformed hands, messy background"
CACHES = ("first-block", "pyramid", "attention", "compile")
NO_BLOCK_CACHE = ("pyramid", "attention", "compile")
T5 = {"24gb": 11.0, "16gb": 8.0}

MODELS = (
    ModelSpec(
        name="cogvideox-2b", hub_id="zai-org/CogVideoX-2b", licence="Apache-2.0", family="cogvideox",
        pipeline="CogVideoXPipeline", frame_step=8, max_frames=49, multiple=16, fps=8, sizes=COGVIDEOX, steps=50,
        guidance=6.0, dtype="float16", memory={"80gb": 23.0, **T5},
        levers=("first-block", "pyramid", "faster", "compile"), fast=("first-block",),
    ),
    ModelSpec(
        name="cogvideox-5b", hub_id="zai-org/CogVideoX-5b", licence="CogVideoX Licence", family="cogvideox",
        pipeline="CogVideoXPipeline", frame_step=8, max_frames=49, multiple=16, fps=8, sizes=COGVIDEOX, steps=50,
        guidance=6.0, memory={"80gb": 31.0, "24gb": 12.0, "16gb": 8.0},
        levers=("first-block", "pyramid", "faster", "compile"), fast=("first-block",),
        presets={"paper": Preset(size=(720, 480), frames=49, fps=8, steps=50, guidance=6.0)},
        parts={
            "vae": {"scaling_factor": 0.7, "invert_scale_latents": False},
            "transformer": {"num_attention_heads": 48, "num_layers": 42, "use_rotary_positional_embeddings": True},
        },
    ),
    ModelSpec(
        name="ltx-video", hub_id="Lightricks/LTX-Video", licence="LTX-Video Open Weights Licence", family="ltx",
        pipeline="LTXPipeline", frame_step=8, max_frames=257, multiple=32, fps=25, takes_frame_rate=True,
        sizes={**PORTRAIT, "1:1": (704, 704)}, steps=50, guidance=3.0, negative_prompt=BLURRED,
        memory={"80gb": 22.0, **T5}, levers=CACHES, fast=("first-block",),
        presets={
            "paper": Preset(
                size=(704, 480), frames=161, fps=15, steps=50, guidance=3.0, negative_prompt=BLURRED
            )
        },
    ),
    ModelSpec(
        name="ltx-2", hub_id="Lightricks/LTX-2", licence="LTX-2 Community Licence", family="ltx2",
        pipeline="LTX2Pipeline", frame_step=8, max_frames=481, multiple=32, fps=24, takes_frame_rate=True, sound=True,
        sizes={**PORTRAIT, "1:1": (704, 704)}, steps=40, guidance=4.0, negative_prompt=BLURRED,
        memory={"80gb": 72.0, "24gb": 24.0, "16gb": 10.0}, levers=NO_BLOCK_CACHE, fast=("pyramid",),
        call={
            "audio_guidance_scale": 4.0, "stg_scale": 0.0, "audio_stg_scale": 0.0, "modality_scale": 1.0,
            "audio_modality_scale": 1.0, "guidance_rescale": 0.0, "audio_guidance_rescale": 0.0,
            "spatio_temporal_guidance_blocks": None, "use_cross_timestep": False,
        },
    ),
    ModelSpec(
        name="hunyuanvideo", hub_id="hunyuanvideo-community/HunyuanVideo", licence="Tencent Hunyuan Community Licence",
        family="hunyuan", pipeline="HunyuanVideoPipeline", frame_step=4, max_frames=129, multiple=16, fps=24,
        sizes=PORTRAIT, steps=30, guidance=6.0, takes_negative=False,
        memory={"80gb": 51.0, "24gb": 20.0, "16gb": 10.0}, levers=CACHES, fast=("first-block",),
        presets={"paper": Preset(size=(512, 320), frames=61, fps=15, steps=30, guidance=6.0, memory="24gb")},
    ),
    ModelSpec(
        name="hunyuanvideo-1.5", hub_id="hunyuanvideo-community/HunyuanVideo-1.5-Diffusers-480p_t2v",
        licence="Tencent Hunyuan Community Licence", family="hunyuan15", pipeline="HunyuanVideo15Pipeline",
        frame_step=4, max_frames=121, multiple=16, fps=24, sizes=PORTRAIT, steps=30, guidance=6.0,
        guidance_route="guider", memory={"80gb": 42.0, "24gb": 16.0, "16gb": 10.0}, levers=NO_BLOCK_CACHE,
        fast=("pyramid",), presets={"paper": Preset(size=(544, 960), frames=49, fps=24, steps=30, guidance=6.0)},
    ),
    ModelSpec(
        name="wan2.1-1.3b", hub_id="Wan-AI/Wan2.1-T2V-1.3B-Diffusers", licence="Apache-2.0", family="wan",
        pipeline="WanPipeline", frame_step=4, max_frames=81, multiple=16, fps=16,
        sizes={"9:16": (480, 832), "16:9": (832, 480), "1:1": (624, 624)}, steps=50, guidance=5.0,
        negative_prompt=WAN_NEGATIVE, float32_parts=("vae",), memory={"80gb": 22.0, "24gb": 12.0, "16gb": 8.0},
        levers=CACHES, fast=("first-block",),
        parts={"transformer": {"num_attention_heads": 12, "num_layers": 30, "ffn_dim": 8960}},
    ),
    ModelSpec(
        name="wan2.1-14b", hub_id="Wan-AI/Wan2.1-T2V-14B-Diffusers", licence="Apache-2.0", family="wan",
        pipeline="WanPipeline", frame_step=4, max_frames=81, multiple=16, fps=16, sizes=HD, steps=50, guidance=5.0,
        negative_prompt=WAN_NEGATIVE, float32_parts=("vae",), memory={"80gb": 50.0, "24gb": 22.0, "16gb": 10.0},
        levers=CACHES, fast=("first-block",), scheduler={"flow_shift": 5.0},  # as Wan asks at 720 lines; 3 at 480
    ),
    ModelSpec(
        name="wan2.2-14b", hub_id="Wan-AI/Wan2.2-T2V-A14B-Diffusers", licence="Apache-2.0", family="wan",
        pipeline="WanPipeline", frame_step=4, max_frames=81, multiple=16, fps=16, sizes=HD, steps=40, guidance=4.0,
        negative_prompt=WAN_NEGATIVE, float32_parts=("vae",), memory={"80gb": 77.0, "24gb": 22.0, "16gb": 10.0},
        levers=CACHES, fast=("first-block",), call={"guidance_scale_2": 3.0},
        parts={"transformer_2": {}, "pipeline": {"boundary_ratio": 0.875}},
    ),
    ModelSpec(
        name="wan2.2-5b", hub_id="Wan-AI/Wan2.2-TI2V-5B-Diffusers", licence="Apache-2.0", family="wan",
        pipeline="WanPipeline", frame_step=4, max_frames=121, multiple=32, fps=24,
        sizes={"9:16": (704, 1280), "16:9": (1280, 704), "1:1": (960, 960)}, steps=50, guidance=5.0,
        negative_prompt=WAN_NEGATIVE, float32_parts=("vae",), memory={"80gb": 32.0, "24gb": 12.0, "16gb": 9.0},
        levers=CACHES, fast=("first-block",),
        parts={
            "vae": {
                "base_dim": 160, "decoder_base_dim": 256, "z_dim": 48, "is_residual": True, "in_channels": 12,
                "out_channels": 12, "patch_size": 2, "scale_factor_spatial": 16, "latents_mean": [0.0] * 48,
                "latents_std": [1.0] * 48,
            },
            "transformer": {
                "num_attention_heads": 24, "num_layers": 30, "ffn_dim": 14336, "in_channels": 48, "out_channels": 48,
            },
            "pipeline": {"expand_timesteps": True},
        },
    ),
)  # fmt: skip
DEFAULT_MODEL = "cogvideox-5b"
BY_NAME = {row.name: row for row in MODELS}


def row_of(model: str | None) -> ModelSpec | None:
    """The row of a name or hub id, or of the default model; None for a model that the table does not hold."""
    name = model or DEFAULT_MODEL
    return BY_NAME.get(name) or next((row for row in MODELS if row.hub_id == name), None)
