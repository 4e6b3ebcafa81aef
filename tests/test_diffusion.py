"""Diffusion on tiny real pipelines of every family: loaded from a folder, driven, watched, counted."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_pipelines import TINY

from popcorn_agents.tools.errors import Cancelled, InputError, PopcornError
from popcorn_agents.tools.renderers import RenderRequest, diffusion, driving, levers, loading
from popcorn_agents.tools.renderers.architectures import parameters
from popcorn_agents.tools.renderers.devices import Device, choose_tier, device, next_tier
from popcorn_agents.tools.renderers.job import Job, Settings
from popcorn_agents.tools.renderers.sources import locate
from popcorn_agents.tools.renderers.specs import BY_NAME, MODELS

Tiny = Callable[[str], Path]
FAMILIES = pytest.mark.parametrize("family", list(TINY))


def job_for(folder: Path, steps: int = 2, **fields: Any) -> Job:
    request = RenderRequest(prompt="a dog walks at night", model=str(folder), size="64x64", **{"frames": 9} | fields)
    spec = diffusion.plan(request.model_copy(update={"steps": steps}))
    settings = Settings.model_validate(spec.settings)
    return Job(
        settings=settings, prompt=request.prompt, cover_prompt="", seed=request.seed, folder=str(folder), video="",
        cover="", metadata={},
    )  # fmt: skip


def make(job: Job, pipe: Any = None, on_step: driving.OnStep = lambda done, total: None) -> driving.Made:
    return driving.generate(pipe or loading.load(job), job.settings, job.prompt, job.seed, on_step)


@FAMILIES
def test_every_family_is_loaded_driven_and_watched(tiny: Tiny, family: str) -> None:
    steps: list[tuple[int, int]] = []
    job = job_for(tiny(family))
    pipe = loading.load(job)
    scheduler = type(pipe.scheduler)
    made = make(job, pipe, lambda done, total: steps.append((done, total)))
    assert made.frames.shape == (9, 64, 64, 3)
    assert made.frames.std() > 5
    assert steps == [(0, 3), (1, 3), (2, 3)]
    assert type(pipe.scheduler) is scheduler
    assert np.array_equal(make(job, pipe).frames, made.frames)
    other = job.model_copy(update={"seed": 8})
    assert not np.array_equal(make(other, pipe).frames, made.frames)


@FAMILIES
def test_guidance_reaches_the_model(tiny: Tiny, family: str) -> None:
    pipe = loading.load(job_for(tiny(family)))
    weak, strong = (make(job_for(tiny(family), guidance=value), pipe).frames for value in (1.5, 20.0))
    assert not np.array_equal(weak, strong)


@FAMILIES
def test_a_step_that_raises_stops_the_render(tiny: Tiny, family: str) -> None:
    done: list[int] = []

    def stop(step: int, total: int) -> None:
        done.append(step)
        if step == 1:
            raise Cancelled("stop")

    job = job_for(tiny(family), steps=4)
    pipe = loading.load(job)
    with pytest.raises(Cancelled):
        make(job, pipe, stop)
    assert done == [0, 1]
    assert np.array_equal(make(job, pipe).frames, make(job).frames)  # nothing of the stopped render is left behind


@FAMILIES
def test_the_low_tiers_store_in_fp8_and_still_make_a_picture(tiny: Tiny, family: str) -> None:
    plain, low = job_for(tiny(family)), job_for(tiny(family), memory="24gb")
    pipe = loading.load(low)
    kinds = {weight.dtype for model in levers.transformers_of(pipe) for weight in model.parameters()}
    assert torch.float8_e4m3fn in kinds
    difference = np.abs(make(low, pipe).frames.astype(int) - make(plain).frames)
    assert 0 < difference.mean() < 25


def test_sound_is_given_back_where_the_model_makes_it(tiny: Tiny) -> None:
    made = make(job_for(tiny("ltx2")))
    assert made.sound is not None
    assert made.sound.samples.shape[0] == 2
    assert made.sound.rate == 16000
    assert make(job_for(tiny("ltx"))).sound is None


def test_the_schedulers_copy_for_sound_is_not_counted(tiny: Tiny) -> None:
    steps: list[int] = []
    make(job_for(tiny("ltx2"), steps=3), on_step=lambda done, total: steps.append(done))
    assert steps == [0, 1, 2, 3]


CACHES = [
    (family, lever)
    for family, row in {row.family: row for row in MODELS}.items()
    for lever in row.levers
    if lever in levers.CACHES
]


@pytest.mark.filterwarnings("ignore:torch.meshgrid")  # a line of diffusers' own
@pytest.mark.parametrize(("family", "lever"), CACHES)
def test_each_allowed_cache_saves_work_and_leaves_no_trace(tiny: Tiny, family: str, lever: str) -> None:
    plain = job_for(tiny(family), steps=8)
    fast = job_for(tiny(family), steps=8, speed=f"{lever}:0.9" if lever == "first-block" else lever)
    pipe = loading.load(plain)
    before = make(plain, pipe)
    made = make(fast, pipe)
    report = next(iter(made.levers.values()))
    assert report["effect"] is True
    assert report["computed"] < 1
    assert np.array_equal(make(plain, pipe).frames, before.frames)


def test_a_cache_without_effect_is_reported(tiny: Tiny) -> None:
    made = make(job_for(tiny("wan"), speed="first-block:0.000001"))
    assert made.levers == {"first-block:0.000001": {"effect": False, "computed": 1.0}}


def test_the_attention_backend_is_counted(tiny: Tiny) -> None:
    made = make(job_for(tiny("wan"), speed="attention:_native_math"))
    assert made.levers["attention:_native_math"]["calls"] > 0


def test_an_attention_backend_that_is_not_here_is_one_sentence(tiny: Tiny) -> None:
    with pytest.raises(InputError, match="attention backend"):
        make(job_for(tiny("wan"), speed="attention:nonsense"))


@pytest.mark.parametrize("speed", ["faster", "attention", "first-block:x", "nonsense", ""])
def test_a_lever_that_a_model_does_not_take_is_refused(tiny: Tiny, speed: str) -> None:
    name = "cogvideox" if speed == "attention" else "wan"
    with pytest.raises(InputError, match="--speed"):
        job_for(tiny(name), speed=speed)


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("cogvideox-2b", 1.69), ("cogvideox-5b", 5.57), ("ltx-video", 1.92), ("ltx-2", 18.88), ("hunyuanvideo", 12.82),
        ("hunyuanvideo-1.5", 8.33), ("wan2.1-1.3b", 1.42), ("wan2.1-14b", 14.29), ("wan2.2-14b", 14.29),
        ("wan2.2-5b", 5.0),
    ],
)  # fmt: skip
def test_random_weights_have_the_published_size(name: str, billions: float) -> None:
    row = BY_NAME[name]
    assert parameters(row.family, row.parts)["transformer"] / 1e9 == pytest.approx(billions, abs=0.01)


def test_a_render_that_cannot_fit_is_refused_before_it_loads() -> None:
    with pytest.raises(InputError, match="GiB"):
        diffusion.resolve(
            RenderRequest(prompt="x", model="ltx-2", random_weights=True),
            locate("ltx-2", random_weights=True),
            Device("cpu", "CPU", 20.0, 24.0),
        )


def test_tiers_follow_the_free_memory() -> None:
    row = BY_NAME["hunyuanvideo"]
    found = [choose_tier(row, Device("cuda", "GPU", free, 80.0), "auto") for free in (79.0, 23.0, 15.0)]
    assert found == ["80gb", "24gb", "16gb"]
    assert choose_tier(row, Device("cuda", "GPU", 79.0, 80.0), "16gb") == "16gb"
    assert choose_tier(row, Device("cpu", "CPU", 20.0, 24.0), "auto") == "cpu"
    assert [next_tier(tier) for tier in ("80gb", "24gb", "16gb", "cpu")] == ["24gb", "16gb", None, None]
    with pytest.raises(InputError, match="--memory"):
        choose_tier(row, Device("cuda", "GPU", 4.0, 8.0), "auto")


def test_the_device_is_found() -> None:
    here = device()
    assert here.kind in ("cpu", "cuda")
    assert 0 < here.free <= here.total


def test_the_key_holds_all_that_shapes_the_clip(tiny: Tiny, tmp_path: Path) -> None:
    from popcorn_agents.tools.renderers.cache import clip_key

    base = RenderRequest(prompt="a dog", model=str(tiny("wan")), size="64x64", frames=9)
    copy = shutil.copytree(tiny("wan"), tmp_path / "wan")
    weights = next((copy / "transformer").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")  # retrained: the same size and names, other numbers
    changes: list[dict[str, Any]] = [
        {}, {"prompt": "x"}, {"seed": 8}, {"size": "64x48"}, {"frames": 13}, {"fps": 12}, {"steps": 3},
        {"guidance": 1.0}, {"negative_prompt": "x"}, {"memory": "24gb"}, {"speed": "pyramid"}, {"speed": "first-block"},
        {"cover_model": str(tiny("wan"))}, {"model": str(copy)},
    ]  # fmt: skip
    requests = [base.model_copy(update=change) for change in changes]
    keys = {clip_key(request, diffusion.plan(request)) for request in requests}
    assert len(keys) == len(changes)
    again = base.model_copy(update={"negative_prompt": BY_NAME["wan2.1-1.3b"].negative_prompt, "steps": 50})
    assert clip_key(again, diffusion.plan(again)) in keys  # what is asked by name and what is the default are one clip


@pytest.mark.parametrize("model", ["nonsense", "../x", "/nowhere", "a/b/c", "org/name", ""])
def test_an_unknown_model_says_what_to_do(model: str, tmp_path: Path) -> None:
    if not model:
        model = str(tmp_path)
    with pytest.raises(InputError, match=r"cogvideox-5b|model folder"):
        diffusion.plan(RenderRequest(prompt="x", model=model))


def test_a_model_that_is_not_here_is_no_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="hf download zai-org/CogVideoX-5b"):
        diffusion.plan(RenderRequest(prompt="x"))


def test_a_hub_model_in_the_cache_is_used_by_its_commit(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "models--Wan-AI--Wan2.1-T2V-1.3B-Diffusers"
    shutil.copytree(tiny("wan"), home / "snapshots" / "abc123")
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("abc123")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    source = locate("wan2.1-1.3b")
    assert (source.identity, source.folder) == ("abc123", home / "snapshots" / "abc123")
    assert locate("Wan-AI/Wan2.1-T2V-1.3B-Diffusers") == source


def test_a_folder_with_code_of_its_own_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": ["pipeline", "Mine"]}))
    with pytest.raises(InputError, match="refused"):
        locate(str(tmp_path))


@pytest.mark.parametrize("damage", ["truncated", "missing", "pickle"])
def test_damaged_weights_are_one_sentence(tiny: Tiny, tmp_path: Path, damage: str) -> None:
    folder = shutil.copytree(tiny("wan"), tmp_path / "wan")
    weights = next((folder / "transformer").glob("*.safetensors"))
    if damage == "truncated":
        weights.write_bytes(weights.read_bytes()[:1000])
    elif damage == "missing":
        weights.unlink()
    else:
        weights.unlink()
        torch.save({}, folder / "transformer" / "diffusion_pytorch_model.bin")
    with pytest.raises(PopcornError, match="could not be loaded"):
        loading.load(job_for(folder))


def test_numbers_that_are_none_are_not_shown_as_black() -> None:
    with pytest.raises(PopcornError, match="finite"):
        driving.visible(np.full((1, 2, 2, 3), np.nan, np.float32))
    assert driving.visible(np.array([[[[0.0, 0.5, 1.2]]]])).tolist() == [[[[0, 128, 255]]]]
