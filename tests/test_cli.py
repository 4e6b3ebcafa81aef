"""The command line: one sentence and a non-zero exit for bad input, nothing written, and light imports."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from llm_server import Answer, body, reply, serve, status

from popcorn_agents.cli import main
from popcorn_agents.tools.embedded_llm import bundled_gguf

DRAFT = {
    "analysis": "a", "ideas": "i", "check": "c",
    "title": "The Wok That Never Sleeps", "cover_prompt": "A wok.", "video_prompt": "A cook tosses noodles.",
}  # fmt: skip


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def popcorn(capsys: pytest.CaptureFixture[str]) -> "type[Outcome]":
    def run(*arguments: str) -> Outcome:
        try:
            main(list(arguments))
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        return Outcome(code, *capsys.readouterr())

    return run  # type: ignore[return-value]


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def sentences(err: str) -> list[str]:
    return [line for line in err.splitlines() if line.startswith("Error: ")]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", ""], "blank"),
        (["run", " \t "], "blank"),
        (["run", "x" * 10_000], "at most 500"),
        (["run", "cats", "--renderer", "nope"], "animatic"),
        (["run", "cats", "--llm", "nope"], "openai:"),
        (["run", "cats", "--llm", "openai:gpt-4o"], "OPENAI_API_KEY"),
        (["run", "cats", "--max-revisions", "-1"], "max-revisions"),
        (["run", "cats", "--target-percentile", "101"], "target-percentile"),
        (["run", "cats", "--exemplars", "nowhere"], "exemplars build"),
        (["run", "cats", "--embedding", "no/such-model"], "no/such-model"),
        (["run", "cats", "--gguf", "nowhere.gguf"], "nowhere.gguf"),
        (["resume", "nope"], "popcorn-agents runs"),
        (["resume", "../secret"], "not a run id"),
        (["runs", "nope"], "popcorn-agents runs"),
        (["exemplars", "build", "nowhere.csv", "--out", "store"], "nowhere.csv"),
        (["exemplars", "build", "starter", "--out", "store", "--column", "title"], "FIELD=COLUMN"),
        (["exemplars", "search", " "], "blank"),
        (["critic", "score", "--title", "cats", "--video", "nowhere.mp4"], "nowhere.mp4"),
        (["critic", "evaluate", "--data", "nowhere.csv"], "nowhere.csv"),
        (["critic", "train", "--data", "nowhere.csv", "--out", "weights"], "nowhere.csv"),
    ],
)
def test_bad_input_is_one_sentence(popcorn, monkeypatch, tmp_path: Path, arguments: list[str], says: str) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    outcome = popcorn(*arguments)
    assert outcome.code in {1, 2}
    assert len(sentences(outcome.err)) == 1, outcome.err
    assert says in sentences(outcome.err)[0]
    assert outcome.out == ""
    assert not (tmp_path / "runs").exists()
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["exemplars", "build", "broken.csv", "--out", "store"], "line 3"),
        (["exemplars", "build", "empty.csv", "--out", "store"], "empty.csv"),
        (["critic", "evaluate", "--data", "broken.csv"], "line 3"),
        (["critic", "score", "--title", "cats", "--video", "cut.mp4"], "cut.mp4"),
        (["critic", "score", "--title", "cats", "--weights", "store"], "store"),
        (["run", "cats", "--gguf", "cut.gguf", "--max-revisions", "0"], "cut.gguf"),
    ],
)
def test_a_broken_file_is_one_sentence(popcorn, tmp_path: Path, arguments: list[str], says: str) -> None:
    (tmp_path / "broken.csv").write_text("video_id,title,comment_count\n1,fine,3\n2,broken,many\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "cut.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes(500))
    (tmp_path / "cut.gguf").write_bytes(bundled_gguf().read_bytes()[:100_000])
    outcome = popcorn(*arguments)
    assert outcome.code in {1, 2}
    assert len(sentences(outcome.err)) == 1, outcome.err
    assert says in sentences(outcome.err)[0]
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("variable", ["POPCORN_K=many", "POPCORN_SPLIT=half", "POPCORN_SECONDS=0"])
def test_bad_settings_are_named(popcorn, monkeypatch, variable: str) -> None:
    name, _, value = variable.partition("=")
    monkeypatch.setenv(name, value)
    outcome = popcorn("run", "cats")
    assert outcome.code == 2
    assert name.removeprefix("POPCORN_").lower() in sentences(outcome.err)[0]


@pytest.mark.parametrize(("text", "says"), [("k = ", "popcorn.toml"), ("kk = 3", "kk")])
def test_a_broken_settings_file_is_named(popcorn, tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "popcorn.toml").write_text(text)
    outcome = popcorn("run", "cats")
    assert outcome.code == 2
    assert says in sentences(outcome.err)[0]


def test_an_unwritable_runs_folder_is_one_sentence(popcorn, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    outcome = popcorn("run", "cats", "--runs-dir", str(tmp_path / "file" / "runs"))
    assert outcome.code == 1
    assert "--runs-dir" in sentences(outcome.err)[0]


def test_settings_come_from_flags_then_environment_then_file(monkeypatch, tmp_path: Path) -> None:
    from popcorn_agents.graph.context import load_context

    (tmp_path / "popcorn.toml").write_text('k = 20\ntags = 2\nsplit = "paper"\n')
    monkeypatch.setenv("POPCORN_K", "30")
    monkeypatch.setenv("POPCORN_TAGS", "4")
    context = load_context(k=50)
    assert (context.k, context.tags, context.split, context.seconds) == (50, 4, "paper", 3.0)


def test_runs_lists_nothing_where_there_is_nothing(popcorn) -> None:
    assert json.loads(popcorn("runs", "--json").out) == {"runs": []}


SCRIPT = {
    "analysis": "Popular ones are specific.",
    "ideas": "One, two, three.",
    "check": "The second answers the request.",
    "title": "The Wok That Never Sleeps",
    "cover_prompt": "A wok over a flame at night.",
    "video_prompt": "A cook tosses noodles in a wok at a night market. The camera slowly pushes in.",
}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (status(401), "POPCORN_API_KEY"),
        (status(429, retry_after=0), "429"),
        (status(500, retry_after=0), "500"),
        (body("<html>It works!</html>"), "check the address"),
        (reply("I would rather talk about the weather."), "JSON"),
    ],
    ids=["401", "429", "500", "no API", "nonsense"],
)
def test_a_failing_api_is_one_sentence_and_resumable(
    popcorn, monkeypatch, shared_cache: Path, answer: Answer, says: str
) -> None:
    monkeypatch.setenv("POPCORN_CACHE_DIR", str(shared_cache))  # the same clip each time: drawn once
    with serve([answer]) as server:
        outcome = popcorn("run", "street food", "--llm", f"any@{server.url}", "--max-revisions", "0", "--json")
        assert outcome.code == 1
        assert len(sentences(outcome.err)) == 1, outcome.err
        assert says in sentences(outcome.err)[0]
        failed = json.loads(outcome.out)
        assert (failed["status"], failed["failure"]["node"]) == ("failed", "write")
        assert failed["resume"] in outcome.err
        server.answers[:] = [reply(SCRIPT)]
        again = popcorn(*failed["resume"].split()[1:], "--json")
    assert again.code == 0, again.err
    assert json.loads(again.out)["title"] == SCRIPT["title"]


def test_no_key_reaches_files_or_the_terminal(popcorn, monkeypatch, tmp_path: Path, shared_cache: Path) -> None:
    monkeypatch.setenv("POPCORN_CACHE_DIR", str(shared_cache))
    monkeypatch.setenv("POPCORN_API_KEY", "sk-very-secret-key")
    with serve([reply(SCRIPT)]) as server:
        outcome = popcorn("run", "street food", "--llm", f"any@{server.url}", "--max-revisions", "0", "--json")
        assert server.headers[0]["authorization"] == "Bearer sk-very-secret-key"
    assert outcome.code == 0, outcome.err
    assert "very-secret" not in outcome.out + outcome.err
    written = [path for path in (tmp_path / "runs").rglob("*") if path.is_file()]
    assert written
    assert [path for path in written if b"very-secret" in path.read_bytes()] == []


def test_the_command_line_imports_nothing_heavy() -> None:
    heavy = (
        "{'torch', 'langgraph', 'faiss', 'langchain', 'sentence_transformers', 'transformers', 'cv2', 'av', 'sklearn'}"
    )
    code = f"import sys, popcorn_agents.cli; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, popcorn_agents; print(len(sys.modules) < 150)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "True\n"


def test_help_is_as_documented() -> None:
    documented = (Path(__file__).parent.parent / "docs" / "cli.md").read_text()
    environment = {**os.environ, "TERM": "dumb", "COLUMNS": "100", "HOME": "/home/you", "XDG_CACHE_HOME": ""}
    script = Path(__file__).parent.parent / "docs" / "cli.py"
    shown = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True, env=environment)
    assert shown.stdout == documented, "run `make docs`"


def test_the_json_log_is_one_object_a_line(tmp_path: Path, popcorn: Any) -> None:
    with serve([reply(DRAFT), status(401)]) as server:
        settings = ["--llm", f"any@{server.url}", "--mode", "basic", "--max-revisions", "0", "--seconds", "1"]
        good = popcorn("run", "street food", *settings, "--log-format", "json", "--json")
        bad = popcorn("run", "street food", *settings, "--log-format", "json", "--seed", "8")
    lines = [json.loads(line) for line in good.err.splitlines()]
    assert json.loads(good.out)["status"] == "finished"
    assert all({"time", "level", "event", "message", "node", "run_id"} <= line.keys() for line in lines)
    ends = [line["node"] for line in lines if line["event"] == "end"]
    assert ends == ["research", "write", "render", "critique", "finish"]
    last = json.loads(bad.err.splitlines()[-1])
    assert (bad.code, last["level"], last["resume"].split()[:2]) == (1, "error", ["popcorn-agents", "resume"])
    assert "write step failed" in last["message"]
    refused = popcorn("run", " ", "--log-format", "json")
    assert "blank" in json.loads(refused.err)["message"]
    assert popcorn("run", " ").err.strip().startswith("Error: ")
