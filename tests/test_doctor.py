"""What the doctor says of devices, memory tiers and renderers; GPUs that are not here are pretended."""

import json

import pytest
import torch
from typer.testing import CliRunner

from popcorn_agents.cli import app
from popcorn_agents.tools import doctor
from popcorn_agents.tools.renderers import devices
from popcorn_agents.tools.renderers.devices import TIER_MEANS, Device
from popcorn_agents.tools.renderers.specs import MODELS


def gpu(monkeypatch: pytest.MonkeyPatch, free: float) -> None:
    card = Device("cuda", "Test GPU", free, 80.0)
    monkeypatch.setattr(devices, "first_gpu", lambda: card)
    monkeypatch.setattr(devices, "device", lambda: card)


@pytest.mark.parametrize(
    ("free", "tiers"), [(79.0, ["80gb"]), (23.5, ["80gb", "24gb", "16gb"]), (9.0, ["16gb", "too little memory"])]
)
def test_every_model_is_listed_under_the_tier_that_it_would_get(
    monkeypatch: pytest.MonkeyPatch, free: float, tiers: list[str]
) -> None:
    gpu(monkeypatch, free)
    found = doctor._video_models()
    assert found.status == "ok"
    listed = dict(part.split(": ", 1) for part in found.found.split("; ")[:-1])
    assert {name.split(" (")[0] for name in listed} == set(tiers)
    assert sorted(name for names in listed.values() for name in names.split(", ")) == sorted(row.name for row in MODELS)
    assert all(TIER_MEANS[name.split(" (")[0]] in name for name in listed if "gb" in name)


def test_a_gpu_that_torch_cannot_use_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu(monkeypatch, 70.0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    found = doctor._device()
    assert (found.status, "Test GPU, 70 of 80 GiB free" in found.found) == ("optional", True)
    assert "CUDA build" in found.remedy


def test_without_a_gpu_the_doctor_says_what_one_would_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "first_gpu", lambda: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    least = min(row.memory["16gb"] for row in MODELS)
    assert "animatic needs none" in doctor._device().remedy
    assert f"from {least:g} GiB" in doctor._video_models().remedy


def test_the_video_server_is_shown_with_its_key_unsaid(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor._video_server(None).status == "optional"
    monkeypatch.setenv("POPCORN_VIDEO_API_KEY", "sk-secret")
    found = doctor._video_server("http://localhost:8091")
    assert (found.status, found.found) == ("ok", "http://localhost:8091/v1, with a key")
    wrong = doctor._video_server("ftp://x")
    assert (wrong.status, "takes an address" in wrong.remedy) == ("optional", True)


@pytest.mark.slow
def test_the_command_line_shows_devices_and_renderers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POPCORN_VIDEO_URL", "http://localhost:8091")
    answer = CliRunner().invoke(app, ["doctor", "--json"])
    checks = {check["name"]: check for check in json.loads(answer.stdout)["checks"]}
    assert {"gpu", "video models", "video server", "H.264 encoder"} <= set(checks)
    assert checks["video server"]["found"] == "http://localhost:8091/v1, without a key"
    assert all(check["remedy"] for check in checks.values() if check["status"] != "ok")
