"""Run folders: runs/<run_id>/{run.json, brief.json, attempt-<n>/..., result.json}, each file whole or not there."""

import os
import re
import secrets
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from ..tools.errors import InputError, PopcornError

Status = Literal["running", "finished", "failed", "interrupted", "paused", "stopped"]
_RUN_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")


class Failure(BaseModel):
    """Why a run stopped."""

    node: str
    cause: str


class RunRecord(BaseModel):
    """run.json: what was asked, with which settings, and how far it came."""

    run_id: str
    query: str
    status: Status
    created: datetime
    updated: datetime
    settings: dict[str, Any]
    versions: dict[str, str] = {}
    timings: list[dict[str, Any]] = []
    usage: dict[str, Any] = {}
    title: str | None = None
    percentile: float | None = None
    failure: Failure | None = None


def new_run_id(query: str) -> str:
    """A sortable, readable, unique name that is safe as a folder whatever the query holds."""
    ascii_only = unicodedata.normalize("NFKD", query).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[:40].strip("-") or "run"
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{slug}-{secrets.token_hex(2)}"


def run_folder(runs_dir: Path, run_id: str) -> Path:
    """The folder of a run; raises InputError for a name that cannot be one (such as `../x`)."""
    if not _RUN_ID.fullmatch(run_id):
        raise InputError(f"{run_id[:80]!r} is not a run id; `popcorn-agents runs` lists them.")
    return runs_dir.absolute() / run_id


def attempt_folder(runs_dir: Path, run_id: str, round_: int) -> Path:
    """The folder of one attempt, counted from 1."""
    return run_folder(runs_dir, run_id) / f"attempt-{round_}"


@contextmanager
def only_one(folder: Path, otherwise: str) -> Iterator[None]:
    """Hold the folder for this process; raises InputError with the sentence `otherwise` where another one holds it."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout:
        raise InputError(otherwise) from None


def make_folder(folder: Path) -> None:
    """Create a folder and its parents; raises PopcornError with what to do where that is not allowed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(folder, error) from error


def write_json(path: Path, record: BaseModel) -> None:
    """Write a record as indented JSON, atomically."""
    make_folder(path.parent)
    temporary = None
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=".", delete=False) as file:
            temporary = Path(file.name)
            file.write(record.model_dump_json(indent=2) + "\n")
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise _cannot_write(path, error) from error


def place_file(source: Path, target: Path, *, link: bool = True) -> None:
    """Make `source` available as `target`, atomically: a hard link where that is wanted and possible, else a copy."""
    make_folder(target.parent)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        if not (link and _linked(source, temporary)):
            shutil.copyfile(source, temporary)
        temporary.replace(target)
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _linked(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except OSError:  # another disk, or a file system without links
        return False
    return True


def save_update(runs_dir: Path, run_id: str, round_: int, update: dict[str, Any]) -> None:
    """Write what a node returned to the run's folder; keys without a file of their own are left to the checkpoint."""
    folder = run_folder(runs_dir, run_id)
    attempt = attempt_folder(runs_dir, run_id, round_)
    for key, path in (
        ("brief", folder / "brief.json"),
        ("script", attempt / "script.json"),
        ("critique", attempt / "critique.json"),
        ("result", folder / "result.json"),
    ):
        if key in update:
            write_json(path, update[key])
    if "clip" in update:
        place_file(update["clip"].path, attempt / "clip.mp4")
        place_file(update["clip"].cover_path, attempt / "cover.png")


def read_record(folder: Path) -> RunRecord:
    """Read run.json; raises InputError where there is none or it is damaged."""
    try:
        return RunRecord.model_validate_json((folder / "run.json").read_bytes())
    except FileNotFoundError:
        raise InputError(
            f"There is no run {folder.name} in {folder.parent}; `popcorn-agents runs` lists them."
        ) from None
    except (OSError, ValidationError) as error:
        raise InputError(f"{folder / 'run.json'} cannot be read; it is damaged or from another version.") from error


def list_records(runs_dir: Path) -> list[RunRecord]:
    """All readable runs in a folder, newest first."""
    found = sorted(runs_dir.glob("*/run.json"), reverse=True) if runs_dir.is_dir() else []
    records = []
    for path in found:
        try:
            records.append(RunRecord.model_validate_json(path.read_bytes()))
        except ValidationError:
            continue  # not ours: a listing shows what it can read
    return sorted(records, key=lambda record: record.created, reverse=True)


def _cannot_write(path: Path, error: OSError) -> PopcornError:
    reason = error.strerror or type(error).__name__
    return PopcornError(f"{path} cannot be written ({reason}); free the space or name another folder with --runs-dir.")
