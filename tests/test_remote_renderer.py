"""The remote renderer against a real loopback server: one job a clip, exact clips, one sentence for every failure."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner
from video_server import VideoServer, hangs_up, says, sends, sends_unmeasured, serve, waits

from popcorn_agents.cli import app
from popcorn_agents.tools.errors import Cancelled, InputError, PopcornError
from popcorn_agents.tools.provenance import verify
from popcorn_agents.tools.renderers import (
    Clip,
    RenderRequest,
    remote,
    remote_job,
    render,
    video_api,
    video_connection,
)
from popcorn_agents.tools.video import decode_frames, encode, probe


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """18 frames of 96x64 at 24 a second; the fifth is the only one with detail."""
    noise = np.random.default_rng(7).integers(0, 255, (64, 96, 3), np.uint8)
    frames = [noise if index == 4 else np.full((64, 96, 3), 90 + 2 * index, np.uint8) for index in range(18)]
    path = tmp_path_factory.mktemp("raw") / "raw.mp4"
    encode(frames, path, fps=24, metadata={})
    return path.read_bytes()


@pytest.fixture
def server(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[VideoServer]:
    monkeypatch.setattr(remote_job, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(video_api, "BACKOFF_SECONDS", 0.001)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with serve(raw) as server:
        yield server


def request(server: VideoServer, **fields: Any) -> RenderRequest:
    settings = {"prompt": "a dog", "title": "Dog", "size": "96x64", "seconds": 0.5, "model": "some/model"} | fields
    return RenderRequest(video_url=server.url, **settings)


def made(server: VideoServer, out: Path, **fields: Any) -> Clip:
    return render(request(server, **fields), "remote", out)


def record(out: Path) -> dict[str, Any]:
    (path,) = out.glob("*.job.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


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


def test_a_server_that_takes_json_only_gets_json(server: VideoServer, tmp_path: Path) -> None:
    server.posts += [says(400, {"detail": "input_reference file is required"})]
    made(server, tmp_path, steps=8, negative_prompt="rain")
    body = json.loads(server.seen[1][3])
    assert (body["num_inference_steps"], body["negative_prompt"], body["num_frames"]) == (8, "rain", 12)


def test_busy_servers_are_asked_again(server: VideoServer, tmp_path: Path) -> None:
    server.posts += [says(429, {}, Retry_After="0")]
    server.polls += [says(500, {}), says(503, {}), hangs_up(False), says(429, {}, Retry_After="0")]
    server.contents += [says(502, {})]
    made(server, tmp_path)
    assert server.count("POST") == 2
    assert len(server.jobs) == 1


def test_a_long_pause_is_not_waited_for(server: VideoServer, tmp_path: Path) -> None:
    server.posts += [says(429, {}, Retry_After="3600")]
    with pytest.raises(PopcornError, match=r"limits the rate of requests \(429\); run the same command again later"):
        made(server, tmp_path)
    assert record(tmp_path)["state"] == "free"
    made(server, tmp_path)


@pytest.mark.parametrize("answer", [hangs_up(True), says(500, {"error": {"message": "boom"}}), says(200, ["?"])])
def test_a_job_of_unknown_outcome_is_never_sent_again(server: VideoServer, tmp_path: Path, answer: Any) -> None:
    server.lists = False
    server.posts += [answer]
    for _ in range(2):
        with pytest.raises(
            PopcornError, match=r"may be running .* not sent twice; look there, .* delete .*\.job\.json"
        ):
            made(server, tmp_path)
    assert server.count("POST") == 1
    next(tmp_path.glob("*.job.json")).unlink()
    assert made(server, tmp_path).frames == 12


def test_a_job_of_unknown_outcome_is_found_by_its_key(server: VideoServer, tmp_path: Path) -> None:
    server.posts += [hangs_up(True)]
    clip = made(server, tmp_path)
    assert (clip.checks["job"], server.count("POST")) == ("video_1", 1)


def test_a_post_that_is_not_answered_in_time_is_not_repeated(
    server: VideoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_connection, "TIMEOUT", httpx.Timeout(0.3))
    server.posts += [waits]
    with pytest.raises(PopcornError, match="may be running"):
        made(server, tmp_path)
    assert server.count("POST") == 1


def test_a_stopped_render_goes_on_with_its_job(server: VideoServer, tmp_path: Path) -> None:
    server.polls += [says(200, {"status": "in_progress", "progress": 30})]

    def stop(done: int, total: int) -> None:
        if done == 30:
            raise Cancelled("The render was cancelled.")

    with pytest.raises(Cancelled):
        render(request(server), "remote", tmp_path, stop)
    assert (record(tmp_path)["state"], record(tmp_path)["id"]) == ("sent", "video_1")
    assert made(server, tmp_path).checks["job"] == "video_1"
    assert server.count("POST") == 1


def test_a_killed_process_leaves_its_job_to_the_next(server: VideoServer, tmp_path: Path) -> None:
    server.polls += [waits]
    code = (
        "import sys; from pathlib import Path; from popcorn_agents.tools.renderers import RenderRequest, render; "
        "render(RenderRequest.model_validate_json(sys.argv[1]), 'remote', Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, request(server).model_dump_json(), str(tmp_path)]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    try:
        assert server.reached.wait(60)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert record(tmp_path)["state"] == "sent"
    assert made(server, tmp_path).checks["job"] == "video_1"
    assert server.count("POST") == 1


def test_a_slow_job_is_given_up_and_kept(server: VideoServer, tmp_path: Path) -> None:
    server.polls += [says(200, {"status": "queued"})] * 10_000
    with pytest.raises(PopcornError, match=r"longer than 0\.3 s; allow more with --render-timeout"):
        render(request(server), "remote", tmp_path, timeout=0.3)
    server.polls.clear()
    made(server, tmp_path)
    assert server.count("POST") == 1


def test_a_failed_job_says_why_and_may_be_sent_again(server: VideoServer, tmp_path: Path) -> None:
    server.polls += [says(200, {"status": "failed", "error": {"message": "out of\nmemory"}})]
    with pytest.raises(PopcornError, match=r"gave up job video_1 \(out of memory\)"):
        made(server, tmp_path)
    clip = made(server, tmp_path)
    assert clip.checks["job"] == "video_2"  # under a new key: the old one would be answered with the failed job
    assert list(server.jobs.values()) == [clip.key, f"{clip.key}-2"]


def test_a_job_that_the_server_forgot(server: VideoServer, tmp_path: Path) -> None:
    server.polls += [says(404, {"detail": "Video not found"})]
    with pytest.raises(PopcornError, match="no longer knows job video_1; run the same command again"):
        made(server, tmp_path)
    clip = made(server, tmp_path)
    clip.path.unlink()
    server.jobs.clear()  # the clip was lost here, and its finished job there
    assert made(server, tmp_path).checks["repaired"]
    assert server.count("POST") == 3


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


def test_refusals_and_nonsense_are_one_sentence(server: VideoServer, tmp_path: Path) -> None:
    refusals = {"detail": [{"msg": "size: multiples of 16"}]}
    server.posts += [says(401, {}), says(422, refusals), says(422, refusals), says(302, {}, Location="/elsewhere")]
    for sentence in ("refused the key .* POPCORN_VIDEO_API_KEY", "422: .*multiples of 16", "moved"):
        with pytest.raises(PopcornError, match=sentence):
            made(server, tmp_path)
    server.polls += [says(200, {"status": "dancing"}), sends(b"<p>hello", "text/html"), sends(b'{"status": NaN}')]
    for _ in range(3):
        with pytest.raises(PopcornError, match="did not answer as an OpenAI-style video API"):
            made(server, tmp_path)
    made(server, tmp_path)
    assert len(server.jobs) == 1
    next(tmp_path.glob("*.job.json")).write_text("{")
    next(tmp_path.glob("*.mp4")).unlink()
    with pytest.raises(PopcornError, match="cannot be read, so a job may be running"):
        made(server, tmp_path)


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


def test_no_server_is_one_sentence(server: VideoServer, tmp_path: Path) -> None:
    fields = request(server).model_dump() | {"video_url": "http://127.0.0.1:9"}
    with pytest.raises(PopcornError, match=r"127\.0\.0\.1:9/v1 cannot be reached .* check that it runs there"):
        render(RenderRequest(**fields), "remote", tmp_path)
    assert record(tmp_path)["state"] == "free"


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
