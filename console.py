"""What a person reads: results, tables and failures; plain text where there is no terminal."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from .graph.folders import RunRecord
    from .graph.result import Result
    from .tools.doctor import Check
    from .tools.exemplar_store import Manifest
    from .tools.exemplars import Exemplar
    from .tools.popularity.predictor import Score
    from .tools.provenance import Verdict
    from .tools.renderers import Clip
    from .tools.renderers.benchmark import Row

_json_log = False


def out() -> Console:
    """Standard output, without colours where it is not a terminal."""
    return Console(highlight=False)


def err() -> Console:
    """Standard error, for progress and messages."""
    return Console(stderr=True, highlight=False)


def log_as_json(on: bool) -> None:
    """From now on, whatever goes to standard error is one JSON object a line; `main` begins without."""
    global _json_log
    _json_log = on


def log(level: str, event: str, message: str, **fields: Any) -> None:
    """One line of the log, with the time in UTC; fields that are None are left out."""
    import json
    from datetime import UTC, datetime

    line = {"time": datetime.now(UTC).isoformat(), "level": level, "event": event, "message": message, **fields}
    print(json.dumps({name: value for name, value in line.items() if value is not None}, default=str), file=sys.stderr)
    sys.stderr.flush()


def fail(message: str, **fields: Any) -> None:
    """One sentence on standard error; `fields` go into the JSON log."""
    if _json_log:
        log("error", "error", message, **fields)
    else:
        err().print(Text.assemble(("Error: ", "bold red"), message), soft_wrap=True)


def trace() -> None:
    """Send traces where the OTEL_* variables ask for them; trouble with that is said once and stops nothing."""
    from .tools.trace_export import switch_on

    switch_on(lambda sentence: tell(sentence, "notice"))


def tell(message: str, event: str, remedy: str = "", **fields: Any) -> None:
    """How a run ended that did not fail, and what to do next."""
    if _json_log:
        log("info", event, message, **fields)
    else:
        err().print(message + (f"\n{remedy}" if remedy else ""), soft_wrap=True, markup=False)


def show_result(result: Result) -> None:
    """The panel of a finished run: title, score in words, attempts, exemplars, paths."""
    from .agents.critic import verdict_in_words

    console = out()
    heading = Text(result.title, style="bold")
    meaning = Text(verdict_in_words(result.score))
    console.print(Panel(Group(heading, meaning), title=escape(result.query[:60]), title_align="left", padding=(1, 2)))
    console.print(_attempts(result))
    if result.exemplars:
        console.print()
        console.print(exemplar_table(_that_mattered(result.exemplars), "Exemplars that mattered"))
    console.print()
    for name, path in (("Clip", result.video_path), ("Cover", result.cover_path)):
        console.print(f"{name:<6}{path}", soft_wrap=True, markup=False)
    if result.settings["renderer"] == "animatic":
        console.print("The clip is an animatic: drawn pre-visualisation, not footage.")


def _attempts(result: Result) -> Table:
    table = Table(title="Attempts", title_justify="left", box=None, pad_edge=False)
    for name in ("", "Title", "Percentile", "Verdict", "What to change"):
        table.add_column(name, justify="right" if name == "Percentile" else "left", overflow="fold")
    for attempt in result.attempts:
        best = attempt.round == result.best_round
        table.add_row(
            f"{attempt.round}{'*' if best else ' '}",
            escape(attempt.title),
            f"{attempt.score.percentile:.0f}",
            attempt.verdict,
            escape(attempt.issues[0]) if attempt.issues else "-",
            style="bold" if best else "",
        )
    table.caption = "* kept: a later attempt must gain more than the critic's noise. Percentile: an estimated rank."
    table.caption_justify = "left"
    return table


def _that_mattered(exemplars: Sequence[Exemplar], each: int = 3) -> list[Exemplar]:
    ranked = sorted(exemplars, key=lambda exemplar: -exemplar.similarity)
    popular = [exemplar for exemplar in ranked if exemplar.label == "popular"][:each]
    return popular + [exemplar for exemplar in ranked if exemplar.label == "unpopular"][:each]


def exemplar_table(exemplars: Sequence[Exemplar], title: str) -> Table:
    """Exemplars with their group, counts (marked where estimated) and similarity to the query."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("Title", overflow="fold")
    table.add_column("Category")
    table.add_column("Group")
    table.add_column("Comments", justify="right", no_wrap=True)
    table.add_column("Similarity", justify="right")
    for exemplar in exemplars:
        count = f"{exemplar.comment_count:,.0f}" + (" est." if exemplar.origin == "estimated" else "")
        table.add_row(
            escape(exemplar.title), escape(exemplar.category), exemplar.label, count, f"{exemplar.similarity:.2f}"
        )
    if any(exemplar.origin == "estimated" for exemplar in exemplars):
        table.caption = "est.: estimated by the predictor, not counted."
        table.caption_justify = "left"
    return table


def show_manifest(manifest: Manifest, folder: Path, as_json: bool) -> None:
    """What a new store holds, and how to use it."""
    if as_json:
        show_record(manifest, as_json)
        return
    counts = "counted" if manifest.origin == "measured" else "estimated by the predictor"
    topics = {"data": "of the data", "bundled": "by nearest meaning", "mixed": "of the data, else by nearest meaning"}
    lines = [
        f"{manifest.n:,} videos from {manifest.source}, comments {counts}",
        f"{len(manifest.tags)} topics, {topics[manifest.tag_origin]}; embedded with {manifest.embedding}",
        *manifest.notes,
        f"Use it with: popcorn-agents run QUERY --exemplars {shlex.quote(str(folder))}",
    ]
    out().print("\n".join(lines), markup=False, soft_wrap=True)


def show_runs(records: Sequence[RunRecord]) -> None:
    """One line a run, newest first."""
    if not records:
        out().print('No runs here; start one with: popcorn-agents run "Goku transformations"', markup=False)
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("Run", no_wrap=True)
    table.add_column("Status", no_wrap=True)
    table.add_column("Rank", justify="right", no_wrap=True)
    table.add_column("Title", overflow="fold")
    for record in records:
        rank = "-" if record.percentile is None else f"{record.percentile:.0f}"
        table.add_row(record.run_id, record.status, rank, escape(record.title or record.query[:40]))
    out().print(table)


def show_failure(run_id: str, sentence: str, runs_dir: str) -> None:
    """What failed, and the command that goes on from there."""
    again = resume_command(run_id, runs_dir)
    fail(sentence, run_id=run_id, resume=again)
    if not _json_log:
        err().print(f"Resume it with: {again}", soft_wrap=True, markup=False)


def resume_command(run_id: str, runs_dir: str) -> str:
    """The command line that resumes a run."""
    where = "" if runs_dir == "runs" else f" --runs-dir {shlex.quote(runs_dir)}"
    return f"popcorn-agents resume {run_id}{where}"


def show_run(record: RunRecord, folder: Path, as_json: bool) -> None:
    """One run: its state and, when finished, its result."""
    result = folder / "result.json"
    if as_json:
        print(result.read_text(encoding="utf-8") if result.is_file() else record.model_dump_json(indent=2))
        return
    if result.is_file():
        from .graph.result import Result

        show_result(Result.model_validate_json(result.read_bytes()))
    console = out()
    console.print(f"Run {record.run_id}: {record.status}", markup=False, soft_wrap=True)
    if record.failure is not None:
        console.print(f"Stopped in {record.failure.node}: {record.failure.cause}", markup=False, soft_wrap=True)
        console.print(
            f"Resume it with: {resume_command(record.run_id, str(folder.parent))}", markup=False, soft_wrap=True
        )
    usage = record.usage
    if usage.get("calls"):
        cost = "cost unknown" if usage["cost"] is None else f"${usage['cost']:.4f}"
        console.print(
            f"Language model: {usage['calls']} calls, {usage['input_tokens']} + {usage['output_tokens']} tokens, {cost}"
        )


def show_checks(checks: Sequence[Check], as_json: bool) -> None:
    """The doctor's findings, each with its remedy."""
    if as_json:
        import json

        print(json.dumps({"checks": [check.model_dump() for check in checks]}, indent=2))
        return
    marks = {"ok": "[green]ok[/]", "optional": "[yellow]-[/]", "missing": "[red]missing[/]"}
    table = Table(box=None, pad_edge=False)
    for name in ("", "Area", "What", "Found"):
        table.add_column(name, overflow="fold")
    for check in checks:
        found = escape(check.found) + (f"\n[dim]{escape(check.remedy)}[/]" if check.remedy else "")
        table.add_row(marks[check.status], check.area, escape(check.name), found)
    out().print(table)
    missing = [check.name for check in checks if check.status == "missing"]
    out().print(
        f"Missing for the default run: {', '.join(missing)}"
        if missing
        else "Ready: the default run needs nothing more."
    )


def show_clip(clip: Clip, path: Path, as_json: bool) -> None:
    """Where the clip is and what it is."""
    if as_json:
        import json

        fields = {
            "renderer",
            "model",
            "width",
            "height",
            "fps",
            "frames",
            "seconds",
            "seed",
            "cached",
            "timings",
            "checks",
        }
        print(json.dumps({"path": str(path), **clip.model_dump(mode="json", include=fields)}, indent=2))
        return
    again = ", found in the cache" if clip.cached else ""
    size = f"{clip.width}x{clip.height}, {clip.frames} frames at {clip.fps:g} fps, {clip.seconds:g} s"
    size += ", with sound" if clip.audio else ""
    out().print(
        f"{path}\n{clip.kind} by {clip.renderer}: {size}, seed {clip.seed}{again}", markup=False, soft_wrap=True
    )


def show_verdict(found: Verdict, as_json: bool) -> None:
    """Whether the credentials hold, who signed, and what they say of the file."""
    if as_json:
        print(found.model_dump_json(indent=2))
        return
    if found.state == "unsigned":
        lines = ["No content credentials: nothing can be said of its origin."]
    else:
        state = "valid: the file is as it was signed" if found.state == "valid" else "INVALID"
        whose = "a locally generated certificate, which shows that the file is unchanged, not who made it"
        signer = whose if found.local_certificate else found.signer + ("" if found.trusted else " (on no trust list)")
        lines = [f"Credentials {state}.", *(f"  {problem}" for problem in found.problems)]
        lines += [f"Signed by {signer}.", f"Title: {found.title}", f"Source: {found.source_type}"]
        lines += [f"{name}: {value}" for name, value in sorted(found.facts.items())]
    out().print("\n".join([found.path, *lines]), markup=False, soft_wrap=True)


def show_benchmark(rows: Sequence[Row], scored: str, as_json: bool) -> None:
    """Seconds, memory, difference in picture and score per speed setting; the plain render comes first."""
    if as_json:
        import json

        print(json.dumps({"benchmark": [row.model_dump() for row in rows], "scored": scored}, indent=2))
        return
    table = Table(box=None, pad_edge=False)
    for name in ("Speed", "s", "s/step", "Faster", "GiB", "PSNR", "SSIM", "Score", "Effect", "Faults"):
        table.add_column(name, overflow="fold")
    for row in rows:
        if row.failed:
            table.add_row(escape(row.speed), "failed", "", "", "", "", "", "", "", escape(row.failed))
            continue
        figures = (
            row.seconds,
            row.seconds_per_step,
            row.times_faster,
            row.peak_gib,
            row.psnr,
            row.ssim,
            row.percentile,
        )
        shown = ("-" if figure is None else f"{figure:.3g}" for figure in figures)
        effect = {True: "yes", False: "none", None: "-"}[row.effect]
        table.add_row(escape(row.speed), *shown, effect, escape(" ".join(row.faults)) or "-")
    out().print(table)
    out().print(scored, markup=False)


def show_record(record: BaseModel | dict[str, Any], as_json: bool) -> None:
    """A record of figures as JSON, or as indented lines for a reader."""
    import json

    data = record.model_dump(mode="json") if isinstance(record, BaseModel) else record
    if as_json:
        print(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        out().print("\n".join(_lines(data)), markup=False, soft_wrap=True)


def _lines(data: dict[str, Any], indent: str = "") -> Iterator[str]:
    for name, value in data.items():
        if isinstance(value, dict):
            yield f"{indent}{name}"
            yield from _lines(value, indent + "  ")
        elif not isinstance(value, list):
            yield f"{indent}{name}: {value:.4g}" if isinstance(value, float) else f"{indent}{name}: {value}"


def show_score(title: str, score: Score, signals: dict[str, float] | None, as_json: bool) -> None:
    """A title's score in words, and the signals of a clip where one was given."""
    from .agents.critic import verdict_in_words

    data = {"title": title, "score": score.model_dump(), **({} if signals is None else {"signals": signals})}
    if as_json:
        show_record(data, as_json)
        return
    out().print(f"{title}\n{verdict_in_words(score)}", markup=False, soft_wrap=True)
    if signals is not None:
        show_record(signals, as_json)
