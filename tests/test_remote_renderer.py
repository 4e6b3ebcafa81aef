"""The remote renderer against a real loopback server: exact clips, whole downloads, no key told."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner
from video_server import VideoServer, made, request, says, sends, sends_unmeasured

from popcorn_agents.cli import app
from popcorn_agents.tools.errors import InputError, PopcornError
from popcorn_agents.tools.provenance import verify
from popcorn_agents.tools.renderers import (
    RenderRequest,
    remote,
    render,
    video_api,
    video_connection,
)
from popcorn_agents.tools.sound import Sound, read_sound
from popcorn_agents.tools.video import decode_frames, encode, probe


def test_a_clip_is_exactly_as_asked_signed_and_marked(server: VideoServer, tmp_path: Path) -> None:
    server.polls += [says(200, {"status": "queued"}), says(200, {"status": "in_progress", "progress": 40})]
    server.polls += [says(200, {}, Content_Encoding="gzip")]  # which it is not
    server.polls += [says(200, {"status": "in_progress", "progress": odd}) for odd in (float("nan"), -1, 1e400, "x")]
    told: list[int] = []
    clip = render(request(server), "remote", tmp_path, lambda done, total: told.append(done))
    info = probe(clip.path)
    assert (info.width, info.height, info.frames, info.fps, info.bt709) == (96, 64, 12, 24, True)
    verdict = verify(clip.path)
    assert (verdict.state, verdict.source_type) == ("valid", "trainedAlgorithmicMedia")
    assert (verdict.facts["model"], clip.kind, clip.renderer) == ("some/model", "footage", "remote")
    with Image.open(clip.cover_path) as cover:
        assert np.asarray(cover).std() > 40  # the only frame with detail
    assert (40 in told, told[-1]) == (True, 100)
    sent = [seen for seen in server.seen if seen[0] == "POST"]
    assert len(sent) == 1
    assert sent[0][2]["idempotency-key"] == clip.key
    assert "authorization" not in sent[0][2]
    for name, value in {"prompt": "a dog", "size": "96x64", "num_frames": "12", "fps": "24", "seed": "7"}.items():
        assert f'name="{name}"\r\n\r\n{value}\r\n'.encode() in sent[0][3]
    assert made(server, tmp_path).cached
    assert server.count("POST") == 1
    assert not list(tmp_path.glob(".*.part"))


def test_another_size_and_rate_of_the_server_are_made_the_asked_ones(server: VideoServer, tmp_path: Path) -> None:
    clip = made(server, tmp_path, size="40x80", fps=30)
    assert (clip.width, clip.height, clip.fps, clip.frames) == (40, 80, 30, 15)
    assert clip.checks["server_size"] == "96x64"
    (middle, *_) = decode_frames(clip.path)
    assert abs(int(middle.mean()) - 90) < 4


def test_the_servers_sound_is_kept_as_long_as_the_picture(server: VideoServer, tmp_path: Path) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000).astype(np.float32)
    picture = [np.full((64, 96, 3), 90, np.uint8)] * 18
    encode(picture, tmp_path / "heard.mp4", fps=24, metadata={}, sound=Sound(np.tile(tone, (2, 1)), 48_000))
    server.clip = (tmp_path / "heard.mp4").read_bytes()
    clip = made(server, tmp_path)
    sound = read_sound(clip.path, 1)
    assert clip.audio
    assert sound is not None
    assert sound.samples.shape[1] / sound.rate == pytest.approx(0.5, abs=0.03)
    assert verify(clip.path).state == "valid"


def test_a_server_that_takes_json_only_gets_json(server: VideoServer, tmp_path: Path) -> None:
    server.posts += [says(400, {"detail": "input_reference file is required"})]
    made(server, tmp_path, steps=8, negative_prompt="rain")
    body = json.loads(server.seen[1][3])
    assert (body["num_inference_steps"], body["negative_prompt"], body["num_frames"]) == (8, "rain", 12)


def test_bad_downloads_are_refused_and_fetched_again(
    server: VideoServer, tmp_path: Path, raw: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.contents += [
        sends(b"<html>", "text/html"),
        sends(raw[:999], length=len(raw)),
        sends(raw[: len(raw) // 2]),
        sends(b"#EXTM3U\nfile:///etc/hostname\n"),
        sends(b"", length=2**40),
        sends_unmeasured(b"x" * 4000),
    ]
    sentences = [
        "'text/html' in place of video/mp4",
        "cut off after 999 bytes",
        "cut off",
        "no MP4",
        "more than 512 MiB",
        "no MP4",
    ]
    for sentence in sentences:
        with pytest.raises(PopcornError, match=sentence):
            made(server, tmp_path)
        assert not list(tmp_path.glob("*.mp4"))
        assert not list(tmp_path.glob(".*.part"))
    server.contents += [sends_unmeasured(raw)]
    with monkeypatch.context() as patch:
        patch.setattr(video_api, "MOST_BYTES", len(raw) - 1)
        with pytest.raises(PopcornError, match="sent more than"):
            made(server, tmp_path)
    with pytest.raises(PopcornError, match=r"lasts 0\.75 s of the 2\.00 s asked"):
        made(server, tmp_path, seconds=2)
    assert made(server, tmp_path).frames == 12
    assert server.count("POST") == 2


def test_an_id_never_leads_out_of_its_path(server: VideoServer, tmp_path: Path) -> None:
    server.lists = False
    server.posts += [says(200, {"id": "../models"})]
    with pytest.raises(PopcornError, match="without a job id"):
        made(server, tmp_path)
    assert all("models" not in seen[1] for seen in server.seen)


def test_the_key_is_sent_and_written_nowhere(
    server: VideoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    monkeypatch.setenv("POPCORN_VIDEO_API_KEY", "sk-secret")
    server.posts += [says(403, {}), says(400, {"error": "bad sk-secret"}), says(400, {"error": "bad sk-secret"})]
    with pytest.raises(PopcornError):
        made(server, tmp_path)
    with pytest.raises(PopcornError, match=r"bad \*\*\*"):
        made(server, tmp_path)
    made(server, tmp_path)
    assert server.seen[0][2]["authorization"] == "Bearer sk-secret"
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"sk-secret" in path.read_bytes()]
    monkeypatch.delenv("POPCORN_VIDEO_API_KEY")
    made(server, tmp_path, seed=8)
    assert all("sk-of-openai" not in str(seen) for seen in server.seen)
    assert video_connection.api_key("https://api.openai.com/v1") == "sk-of-openai"
    assert video_connection.api_key("https://api.openai.com.example.org/v1") is None
    monkeypatch.setenv("POPCORN_VIDEO_API_KEY", "sk\nx")
    with pytest.raises(InputError, match="holds characters"):
        made(server, tmp_path, seed=9)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"video_url": None}, "name it, as in --video-url"),
        ({"model": None}, "give it with --model"),
        ({"video_url": "ftp://x/v1"}, "takes an address"),
        ({"video_url": "http://x:99999/v1"}, "takes an address"),
        ({"video_url": "http://ä b/"}, "takes an address"),
        ({"video_url": "http://me:secret@x/v1"}, "takes no key, user or query"),
        ({"preset": "paper"}, "--preset belongs to --renderer diffusion"),
        ({"speed": "fast"}, "--speed belongs to --renderer diffusion"),
        ({"size": "95x64"}, "try --size 96x64"),
        ({"model": "wan2.2-5b", "size": "100x100"}, "try --size 96x96"),
        ({"video_url": "https://api.openai.com/v1", "seconds": 13}, "at most 12 s"),
        ({"video_url": "https://api.openai.com/v1", "steps": 3}, "takes no --steps"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(fields: dict[str, Any], sentence: str) -> None:
    base = {"prompt": "x", "video_url": "http://localhost:8091", "model": "m"}
    with pytest.raises(InputError, match=sentence):
        remote.plan(RenderRequest(**{**base, **fields}))


def test_each_kind_of_server_is_asked_for_what_it_makes() -> None:
    openai = remote.plan(
        RenderRequest(prompt="x", video_url="https://API.openai.com/v1/", model="sora-2", aspect="1:1", seconds=5)
    )
    fields = {"model": "sora-2", "prompt": "x", "size": "720x1280", "seconds": "8"}
    assert (openai.settings["fields"], openai.width, openai.height, openai.frames) == (fields, 720, 720, 120)
    known = remote.plan(
        RenderRequest(prompt="x", video_url="http://h:1", model="Wan-AI/Wan2.1-T2V-1.3B-Diffusers", seconds=3)
    )
    assert known.settings["url"] == "http://h:1/v1"
    asked = known.settings["fields"]
    assert (asked["size"], asked["num_frames"], asked["fps"], known.fps, known.frames) == ("480x832", 49, 16, 24, 72)


def test_the_command_line_renders_remotely(server: VideoServer, tmp_path: Path) -> None:
    out = tmp_path / "dog.mp4"
    command = ["render", "a dog", "--out", str(out), "--renderer", "remote", "--video-url", server.url, "--model", "m"]
    command += ["--size", "96x64", "--frames", "12"]
    answer = CliRunner().invoke(app, [*command, "--json"])
    assert answer.exit_code == 0, answer.output
    assert probe(out).frames == 12
    assert out.with_suffix(".png").is_file()


def test_a_run_without_a_server_stops_before_anything_is_written(tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, ["run", "a dog", "--renderer", "remote", "--model", "m"])
    assert isinstance(answer.exception, InputError)
    assert "--video-url" in str(answer.exception)
    assert not (tmp_path / "runs").exists()
