"""The remote renderer's job: sent once, gone on with, one sentence for every failure of a real loopback server."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from video_server import VideoServer, hangs_up, made, record, request, says, sends, waits

from popcorn_agents.tools.errors import Cancelled, PopcornError
from popcorn_agents.tools.renderers import (
    RenderRequest,
    render,
    video_connection,
)


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


def test_no_server_is_one_sentence(server: VideoServer, tmp_path: Path) -> None:
    fields = request(server).model_dump() | {"video_url": "http://127.0.0.1:9"}
    with pytest.raises(PopcornError, match=r"127\.0\.0\.1:9/v1 cannot be reached .* check that it runs there"):
        render(RenderRequest(**fields), "remote", tmp_path)
    assert record(tmp_path)["state"] == "free"
