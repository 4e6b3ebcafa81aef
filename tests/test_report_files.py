"""What a report leaves on disk: whole, the same each time, readable by parsers, and safe whatever titles hold."""

import base64
import csv
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from study_maker import make_attempt, make_queries, make_study, make_trial, write_study

from popcorn_agents.evaluation.records import Query, TrialResult
from popcorn_agents.evaluation.reporting import report as report_module
from popcorn_agents.evaluation.reporting import samples
from popcorn_agents.evaluation.reporting.report import make_report, write_report
from popcorn_agents.evaluation.reporting.writing import cell, plain, write_whole
from popcorn_agents.tools.errors import InputError, PopcornError

HOSTILE = [
    '<script>alert("x")</script>',
    "</script><img src=x onerror=alert(1)>",
    "a | b || c\n| d |\n\n# e",
    "@SUM(A1:A9)",
    '=HYPERLINK("http://example.com","click")',
    "- a list, [a link](javascript:alert(1)) and `code` *and* _more_",
    "quotes \" ' &amp; &lt; \\ {{ 7 * 7 }} {% raw %} $x$",
    "日本語 🔥 \u202e right to left",
]
VOID = {"meta", "img", "input", "source", "br", "hr", "link"}
BASIC = {"mode": "basic", "max_revisions": 0, "renderer": "none"}
PE = {"mode": "pe", "max_revisions": 0, "renderer": "none"}
LOOP = {"mode": "pe", "max_revisions": 1, "target_percentile": 100.0, "renderer": "none"}


class Page(HTMLParser):
    """Checks that elements are closed in order, and keeps what the tests ask about."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.handlers: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.tags: list[str] = []
        self.policy = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.tags.append(tag)
        self.ids += [held["id"] or ""] if "id" in held else []
        self.links += [held["href"] or ""] if "href" in held else []
        self.sources += [held[name] or "" for name in ("src", "srcset") if name in held]
        self.handlers += [name for name in held if name.startswith("on") or name == "style"]
        if held.get("http-equiv") == "Content-Security-Policy":
            self.policy = held["content"] or ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


def hostile_results() -> list[TrialResult]:
    """Every text that comes from a model, a file or a user is one that must not be interpreted."""
    found = []
    for place, bad in enumerate(HOSTILE):
        query = Query(id=f"q{place}", text=bad, type="concrete", category="Anime" if place % 2 else bad)
        for name, settings in (("basic", BASIC), (HOSTILE[2], PE), (HOSTILE[0], {**PE, "llm": "x|<b>y</b>"})):
            attempt = make_attempt(1, 40 + place, 60 - place, title=bad, video_prompt=bad, vetoes=[bad])
            found.append(make_trial(name, query, 7, [] if place == 7 else [attempt], settings))
    return found


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_study(hostile_results(), tmp_path_factory.mktemp("hostile"))
    write_report(folder)
    return folder


def tokens(text: str) -> Iterator[Any]:
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(text):
        yield token
        yield from token.children or []


def test_page_is_well_formed_and_runs_nothing_of_the_data(hostile: Path) -> None:
    text = (hostile / "report.html").read_text()
    page = Page(text)
    assert not page.open
    assert page.tags.count("script") == 1
    assert page.handlers == []
    assert len(page.ids) == len(set(page.ids))
    assert "".join(page.texts["p"]).count(HOSTILE[0]) > 0  # shown as it is
    script = re.search(r"<script>(.*)</script>", text, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page.policy
    assert "default-src 'none'" in page.policy


def test_page_needs_no_other_file(hostile: Path) -> None:
    page = Page((hostile / "report.html").read_text())
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert page.sources
    assert all(source.startswith("data:image/svg+xml;base64,") for source in page.sources)


def test_markdown_holds_no_markup_of_the_data(hostile: Path) -> None:
    text = (hostile / "report.md").read_text()
    kinds = [token.type for token in tokens(text)]
    assert "html_block" not in kinds
    assert "html_inline" not in kinds
    assert not {"code_inline", "em_open", "strong_open", "fence"} & set(kinds)
    links = [token.attrGet("href") for token in tokens(text) if token.type == "link_open"]
    assert links
    assert all(re.fullmatch(r"tables/[a-z0-9-]+\.csv", link) and (hostile / link).is_file() for link in links)
    pictures = [token.attrGet("src") for token in tokens(text) if token.type == "image"]
    assert all((hostile / picture).is_file() for picture in pictures)


def test_markdown_tables_keep_their_columns(hostile: Path) -> None:
    width = 0
    for line in (hostile / "report.md").read_text().splitlines():
        cells = len(re.split(r"(?<!\\)\|", line))
        if not line.startswith("|"):
            width = 0
            continue
        width = width or cells
        assert cells == width, line


def test_no_spreadsheet_computes_a_title(hostile: Path) -> None:
    held = []
    for path in (hostile / "tables").glob("*.csv"):
        with path.open(newline="") as file:
            rows = list(csv.reader(file))
        assert len({len(row) for row in rows}) == 1, path.name
        held += [text for row in rows for text in row]
    assert f"'{HOSTILE[4]}" in held
    for text in held:
        assert not text.startswith(("=", "+", "@", "\t", "\r"))
        assert not text.startswith("-") or float(text) < 0


@given(st.text(max_size=30))
def test_any_text_is_one_line_of_plain_markdown(text: str) -> None:
    shown = plain(text)
    assert "\n" not in shown
    parsed = list(tokens(f"| a |\n|---|\n| {shown} |\n"))
    assert {token.type for token in parsed} <= {
        "table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close", "tr_open", "tr_close",
        "th_open", "th_close", "td_open", "td_close", "inline", "text", "text_special",
    }  # fmt: skip
    assert sum(token.type == "td_open" for token in parsed) == 1


@given(st.text(max_size=30))
def test_any_text_survives_a_csv_cell(text: str) -> None:
    assert cell(text).removeprefix("'") == text.removeprefix("'") or cell(text) == text
    assert cell(-1.5) == "-1.5"
    assert cell(None) == cell(float("nan")) == ""


def edge_cases() -> dict[str, list[TrialResult]]:
    query = make_queries(1)
    shots = {"basic": BASIC, "pe": {**PE, "seeds": [7, 8]}, "loop": LOOP}
    whole = make_study(shots, query)
    failed = [trial.model_copy(update={"status": "failed", "attempts": [], "best_round": None}) for trial in whole]
    unmoved = [
        trial.model_copy(update={"attempts": [one.model_copy(update={"judge": one.critic}) for one in trial.attempts]})
        for trial in whole
    ]
    nameless = [Query(id="1", text="a thing")]
    return {
        "one trial": make_study({"pe": PE}, query[:1]),
        "one query": make_study(shots, query[:1]),
        "all failed": failed,
        "judge agrees": unmoved,
        "neither type nor category": make_study(shots, nameless),
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", list(edge_cases()))
def test_reports_of_little(name: str, tmp_path: Path) -> None:
    folder = write_study(edge_cases()[name], tmp_path)
    written = write_report(folder)
    assert {path.name for path in written} >= {"report.md", "report.html", "t9.csv"}
    text = (folder / "report.md").read_text()
    assert not re.search(r"\bnan\b|None|Traceback", text)
    assert not Page((folder / "report.html").read_text()).open
    if name == "all failed":
        assert "nothing to draw" in text
        assert "0 / 10 / 0" in text.replace("\u00a0", " ")  # both failed: a tie
    if name == "judge agrees":
        assert "Spearman 1.00" in text


@pytest.mark.slow
def test_the_same_results_give_the_same_files(tmp_path: Path) -> None:
    folder = write_study(edge_cases()["one query"], tmp_path)
    first = {path: path.read_bytes() for path in write_report(folder)}
    steps: list[tuple[str, int, int]] = []
    second = {path: path.read_bytes() for path in write_report(folder, lambda *step: steps.append(step))}
    assert first == second
    assert [step[1] for step in steps] == list(range(1, steps[-1][2] + 1))
    assert not list(folder.rglob(".*"))


def test_clips_are_embedded_up_to_a_limit_and_never_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "results"
    (folder / "clips").mkdir(parents=True)
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    for name in ("1 #.mp4", "2.mp4", "3.mp4"):
        (folder / "clips" / name).write_bytes(b"x" * 100)
    (folder / "clips" / "4.mp4").symlink_to(tmp_path / "secret.mp4")
    paths = ["clips/2.mp4", "clips/1 #.mp4", "clips/3.mp4", "../secret.mp4", "clips/4.mp4", "clips/gone.mp4"]
    paths.append(str(tmp_path / "secret.mp4"))
    results = [
        make_trial("pe", query, 7, [make_attempt(1, 50, 50, clip=path, kind="animatic")], {"mode": "pe"})
        for query, path in zip(make_queries(1), paths, strict=False)
    ]
    monkeypatch.setattr(samples, "EMBEDDED", 250)
    report = make_report(write_study(results, folder))
    made, said = samples.samples(report.study)
    cards = [sample.cards[0] for sample in made]
    assert [card.embedded for card in cards] == [True, False, True] + [False] * 4  # first of each category
    assert cards[1].clip == "clips/1%20%23.mp4"
    assert [card.clip for card in cards[3:]] == [""] * 4
    assert all("the clip is missing" in card.note for card in cards[3:])
    assert "drawn pre-visualisation" in cards[0].note
    assert said.startswith("Inside this page: 2 clips (0.0 MB)")
    assert "linked: 1," in said


def test_no_results_and_no_packages_are_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="There are no results"):
        write_report(tmp_path)
    (tmp_path / "results.jsonl").write_text("{torn")
    with pytest.raises(InputError, match="holds no finished or failed trial yet"):
        write_report(tmp_path)
    monkeypatch.setattr(report_module, "find_spec", lambda name: None if name == "evalica" else object())
    with pytest.raises(InputError, match=r"pip install 'popcorn-agents\[report\]'"):
        write_report(tmp_path)


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "tables").write_text("in the way")
    with pytest.raises(PopcornError, match="cannot be written"):
        write_whole(tmp_path / "tables" / "t1.csv", b"")
