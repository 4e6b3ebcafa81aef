"""Human review: the run waits, takes four answers, checks them, and repeats nothing that came before."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from killable import logged
from llm_server import reply, serve

from popcorn_agents.agents.reviewer import Answer, Question
from popcorn_agents.evaluation.benchmarks.noop import noop_parts
from popcorn_agents.graph.context import Context
from popcorn_agents.graph.folders import read_record
from popcorn_agents.graph.result import Result
from popcorn_agents.graph.runs import RunPaused, RunStopped, resume, start
from popcorn_agents.graph.workflow import build_graph
from popcorn_agents.review import ask
from popcorn_agents.tools.errors import InputError

APPROVE = {"action": "approve"}
DRAFT = {"analysis": "a", "ideas": "i", "check": "c", "title": "First", "cover_prompt": "c", "video_prompt": "v"}


class Reviewed:
    """A run that is reviewed, with the log of the nodes that were finished."""

    def __init__(self, tmp_path: Path, review: str, percentiles: list[float], **settings: Any) -> None:
        self.runs_dir, self.log = tmp_path / "runs", tmp_path / "log"
        self.builder = build_graph(**logged(noop_parts(tmp_path, percentiles), self.log))
        self.context = Context(runs_dir=self.runs_dir, cache_dir=tmp_path / "cache", review=review, **settings)

    async def start(self) -> Question:
        with pytest.raises(RunPaused) as paused:
            await start("a query", self.context, builder=self.builder, run_id="one")
        return paused.value.question

    async def asks_again(self, **answer: Any) -> Question:
        with pytest.raises(RunPaused) as paused:
            await self.answer(**answer)
        return paused.value.question

    async def answer(self, **answer: Any) -> Result:
        return await resume("one", self.runs_dir, builder=self.builder, answer=answer)

    def done(self) -> list[str]:
        return self.log.read_text().split()

    def status(self) -> str:
        return read_record(self.runs_dir / "one").status


async def test_a_script_waits_and_is_rendered_when_approved(tmp_path: Path) -> None:
    run = Reviewed(tmp_path, "script", [90.0])
    question = await run.start()
    assert (question.of, question.round, question.title, question.clip_path) == ("script", 1, "Title 1", None)
    assert (run.status(), run.done()) == ("paused", ["research", "write"])
    result = await run.answer(**APPROVE)
    assert (run.status(), run.done()) == ("finished", ["research", "write", "render", "critique"])
    assert [review.action for review in result.reviews] == ["approve"]


async def test_a_clip_waits_with_its_critique_and_the_approved_one_is_kept(tmp_path: Path) -> None:
    run = Reviewed(tmp_path, "clip", [60.0, 10.0], max_revisions=0)
    question = await run.start()
    assert (question.of, question.predicted_percentile, question.verdict) == ("clip", 60.0, "revise")
    assert question.remarks == ["Say more."]
    again = await run.asks_again(action="reject", note="Less light.")
    assert again.round == 2  # a person may ask for more than max_revisions
    assert (await run.answer(**APPROVE)).best_round == 2  # though the critic likes the first one better


async def test_edited_texts_are_rendered_and_kept_on_disk(tmp_path: Path) -> None:
    run = Reviewed(tmp_path, "both", [90.0])
    await run.start()
    question = await run.asks_again(action="edit", title='"A Better  Title."')
    assert (question.of, question.title, question.video_prompt) == ("clip", "A Better Title", "A clip.")
    script = json.loads((run.runs_dir / "one" / "attempt-1" / "script.json").read_text())
    assert (script["title"], script["notes"]) == ("A Better Title", ["The reviewer edited title."])
    second = await run.asks_again(action="edit", video_prompt="A cat at dawn.")
    assert (second.round, second.video_prompt) == (2, "A cat at dawn.")
    assert (await run.answer(**APPROVE)).video_prompt == "A cat at dawn."
    assert run.done().count("write") == 1


async def test_a_stop_keeps_the_best_clip_or_ends_without_one(tmp_path: Path) -> None:
    for name in ("clip", "script"):
        (tmp_path / name).mkdir()
    clip = Reviewed(tmp_path / "clip", "clip", [10.0])
    script = Reviewed(tmp_path / "script", "script", [10.0])
    await clip.start()
    assert (await clip.answer(action="stop")).best_round == 1
    await script.start()
    with pytest.raises(RunStopped, match="before it had a clip"):
        await script.answer(action="stop")
    assert (script.status(), script.done()) == ("stopped", ["research", "write"])
    with pytest.raises(RunStopped):
        await resume("one", script.runs_dir, builder=script.builder)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"action": "perhaps"}, "approve"),
        ({}, "action"),
        ({"action": "reject"}, "note"),
        ({"action": "reject", "note": " \n "}, "note"),
        ({"action": "edit"}, "at least one"),
        ({"action": "edit", "title": "x" * 51}, "50"),
        ({"action": "edit", "title": "#viral"}, "words"),
        ({"action": "edit", "video_prompt": "  "}, "words"),
        ({"action": "approve", "title": "Mine"}, "edit only"),
        ({"action": "approve", "force": True}, "force"),
    ],
)
async def test_an_unusable_answer_changes_nothing(tmp_path: Path, answer: dict[str, Any], says: str) -> None:
    run = Reviewed(tmp_path, "script", [90.0])
    await run.start()
    with pytest.raises(InputError, match=says):
        await run.answer(**answer)
    assert run.status() == "paused"
    assert (await run.answer(**APPROVE)).status == "finished"


async def test_a_run_that_waits_for_nothing_takes_no_answer(tmp_path: Path) -> None:
    run = Reviewed(tmp_path, "off", [90.0])
    await start("a query", run.context, builder=run.builder, run_id="one")
    with pytest.raises(InputError, match="waits for no answer"):
        await run.answer(**APPROVE)


async def test_a_note_reaches_the_writer_as_data(tmp_path: Path) -> None:
    from popcorn_agents.agents.scriptwriter import write

    parts = {**noop_parts(tmp_path, [90.0]), "write": write}
    with serve([reply(DRAFT), reply({**DRAFT, "title": "Second"})]) as server:
        context = Context(runs_dir=tmp_path / "runs", review="script", llm=f"any@{server.url}")
        with pytest.raises(RunPaused):
            await start("street food", context, builder=build_graph(**parts), run_id="one")
        answer = {"action": "reject", "note": 'Film it at "dawn".'}
        with pytest.raises(RunPaused) as paused:
            await resume("one", tmp_path / "runs", builder=build_graph(**parts), answer=answer)
    told = json.dumps(server.requests[1]["messages"])
    assert "reviewers_note" in told
    assert "rejected_version" in told
    assert "dawn" in told
    assert paused.value.question.title == "Second"


def test_a_note_reaches_the_small_model() -> None:
    from popcorn_agents.agents.staged_writer import messages_for

    messages, _ = messages_for("staged_title_viewer_v1", "street food", "Film it at dawn.")
    assert messages[-1].text.endswith("The reviewer asks: Film it at dawn.")


QUESTION = Question(
    of="script", round=1, question="Render this script?", title="T", cover_prompt="C", video_prompt="V", reasoning=""
)


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        (["a"], {"action": "approve", "note": ""}),
        (["?", "", "S"], {"action": "stop", "note": ""}),
        (["r", "", "r", "More light."], {"action": "reject", "note": "More light."}),
        (["e", "", "", "", "e", "New", "", ""], {"action": "edit", "note": "", "title": "New"}),
        (["l"], None),
        ([], None),
    ],
)
def test_the_prompt_asks_until_the_answer_can_be_used(typed: list[str], answer: dict[str, Any] | None) -> None:
    def read(prompt: str) -> str:
        if not typed:
            raise EOFError
        return typed.pop(0)

    assert ask(QUESTION, read) == answer
    assert answer is None or Answer.model_validate(answer)


@pytest.mark.slow
def test_a_person_at_a_terminal_reviews_a_run(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with serve([reply(DRAFT)]) as server:
        process = subprocess.Popen(
            [*POPCORN, "run", "street food", *SETTINGS, "--llm", f"any@{server.url}"],
            stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path, env={**os.environ, "COLUMNS": "80"},
        )  # fmt: skip
        os.close(theirs)
        shown = b""
        while b"> " not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, b"a\n")
        while chunk := _read(ours):
            shown += chunk
    assert process.wait() == 0
    assert b"Your review: the script of attempt 1" in shown
    assert b"predicted to beat" in shown


POPCORN = [sys.executable, "-m", "popcorn_agents"]
SETTINGS = ["--review", "script", "--seconds", "1", "--max-revisions", "0", "--mode", "basic"]


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other side is closed
        return b""


@pytest.mark.slow
def test_without_a_terminal_the_run_pauses_and_takes_its_answer_from_the_command_line(tmp_path: Path) -> None:
    def popcorn(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*POPCORN, *arguments, "--json"], capture_output=True, text=True, cwd=tmp_path)

    with serve([reply(DRAFT)]) as server:
        run = popcorn("run", "street food", *SETTINGS, "--llm", f"any@{server.url}")
    paused = json.loads(run.stdout)
    assert (run.returncode, paused["status"], paused["review"]["of"]) == (0, "paused", "script")
    resume_it = paused["resume"].split()[1:]
    bad = popcorn(*resume_it, "--answer", "yes")
    assert (bad.returncode, "--answer takes JSON" in bad.stderr) == (2, True)
    done = popcorn(*resume_it, "--answer", json.dumps({"action": "edit", "title": "Mine"}))
    assert json.loads(done.stdout)["title"] == "Mine"


async def test_review_costs_nothing_when_it_is_off(tmp_path: Path) -> None:
    run = Reviewed(tmp_path, "off", [90.0])
    result = await start("a query", run.context, builder=run.builder, run_id="one")
    assert result.reviews == []
    assert run.done() == ["research", "write", "render", "critique"]


async def test_many_reviews_meet_no_limit(tmp_path: Path) -> None:
    run = Reviewed(tmp_path, "script", [90.0], max_revisions=0)
    await run.start()
    for _ in range(15):
        await run.asks_again(action="reject", note="Again.")
    assert len((await run.answer(**APPROVE)).reviews) == 16
