"""Every row of the models' table held against the installed diffusers, and driven as it stands on a tiny pipeline."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

import diffusers
import pytest
import torch
from conftest import torch_threads
from tiny_pipelines import TINY, WAN, WAN_VAE

from popcorn_agents.tools.renderers import RenderRequest, diffusion, driving, levers, loading
from popcorn_agents.tools.renderers.architectures import BUILDERS, build
from popcorn_agents.tools.renderers.devices import Device
from popcorn_agents.tools.renderers.job import Settings
from popcorn_agents.tools.renderers.sizing import check_frames, check_size
from popcorn_agents.tools.renderers.sources import Source
from popcorn_agents.tools.renderers.specs import MODELS, ModelSpec

ROWS = pytest.mark.parametrize("row", MODELS, ids=lambda row: row.name)
ROOMY = Device("cpu", "CPU", 999.0, 999.0)
WAN_5B: dict[str, dict[str, Any]] = {  # its own decoder, and a time step for every token
    "text_encoder": TINY["wan"]["text_encoder"],
    "vae": {
        **WAN_VAE, "decoder_base_dim": 3, "is_residual": True, "in_channels": 12, "out_channels": 12, "patch_size": 2,
        "scale_factor_spatial": 16, "z_dim": 4, "latents_mean": [0.0] * 4, "latents_std": [1.0] * 4,
    },
    "transformer": {**WAN, "in_channels": 4, "out_channels": 4},
    "pipeline": {"expand_timesteps": True},
}  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch_threads(1)
    yield
    torch_threads(before)


def tiny_parts(row: ModelSpec) -> dict[str, dict[str, Any]]:
    if "expand_timesteps" in row.parts.get("pipeline", {}):
        return WAN_5B
    return TINY["wan22" if "transformer_2" in row.parts else row.family]


def settings_of(row: ModelSpec, **fields: Any) -> Settings:
    side = 2 * row.multiple if row.multiple > 16 else 64
    asked = {"frames": row.frame_step + 1, "size": f"{side}x{side}", "steps": 2} | fields
    return diffusion.resolve(RenderRequest(prompt="a dog", **asked), Source(row, row.name, "tiny", None), ROOMY)


@ROWS
def test_the_row_is_what_diffusers_takes(row: ModelSpec) -> None:
    assert re.fullmatch(r"[\w-]+/[\w.-]+", row.hub_id)
    assert row.licence
    assert row.family in BUILDERS
    assert row.dtype in ("bfloat16", "float16")
    assert set(row.levers) <= {*levers.CACHES, "attention", "compile"}
    takes = inspect.signature(getattr(diffusers, row.pipeline).__call__).parameters
    assert set(row.call) <= set(takes)
    assert ("guidance_scale" in takes) is (row.guidance_route == "guidance_scale")
    assert ("frame_rate" in takes) is row.takes_frame_rate
    assert "negative_prompt" in takes or not row.takes_negative
    assert row.takes_negative or not row.negative_prompt
    assert "num_inference_steps" in takes


@ROWS
def test_presets_keep_the_rows_rules(row: ModelSpec) -> None:
    papers = {"cogvideox-5b", "ltx-video", "hunyuanvideo", "hunyuanvideo-1.5"}
    assert ("paper" in row.presets) is (row.name in papers)
    for preset in row.presets.values():
        check_frames(preset.frames, row)
        check_size(preset.size, row)
        assert row.takes_negative or not preset.negative_prompt
        assert preset.memory is None or preset.memory in row.memory


@ROWS
def test_the_row_is_driven_as_it_stands(row: ModelSpec) -> None:
    done: list[tuple[int, int]] = []
    loading.quiet()
    settings = settings_of(row)
    pipe = build(row.family, tiny_parts(row))
    pipe.set_progress_bar_config(disable=True)
    loading.tune(pipe, settings)
    made = driving.generate(pipe, settings, "a dog walks", 7, lambda step, total: done.append((step, total)))
    assert type(pipe).__name__ == row.pipeline
    side = settings.shape.width
    assert made.frames.shape == (row.frame_step + 1, side, side, 3)
    assert done == [(0, 3), (1, 3), (2, 3)]
    assert (made.sound is not None) is row.sound
    for name, value in row.scheduler.items():
        assert pipe.scheduler.config[name] == value


def test_a_count_of_frames_that_cogvideox_would_change_is_refused() -> None:
    """Its decoder makes four frames of the first latent where their number is even: 13 asked would be 16."""
    pipe = build("cogvideox", TINY["cogvideox"])
    pipe.set_progress_bar_config(disable=True)
    with torch.inference_mode():
        made = pipe(prompt="a", width=64, height=64, num_frames=13, num_inference_steps=1, output_type="np").frames[0]
    assert len(made) == 16
    with pytest.raises(diffusion.InputError, match=r"nearest: --frames (9|17)"):
        settings_of(next(row for row in MODELS if row.family == "cogvideox"), frames=13)
