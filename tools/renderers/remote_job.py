"""The one job of a clip: sent once, found again after a crash, waited for, whatever happens on the way.

A record beside the clip says how far its job is. It is written before the job is sent and before it is asked after, so
that a render that was stopped goes on with the same job, and one that may be running is never sent again.
"""

import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from ..errors import Cancelled, PopcornError
from . import Progress, video_api
from .cache import write_atomic
from .video_connection import Api, Gone, UnknownOutcome, is_openai

POLL_SECONDS = 2.0
Fields = dict[str, str | int | float]


class Record(BaseModel):
    """How far the job of a clip is; `attempt` counts the jobs that the server ended without a clip."""

    state: Literal["free", "sending", "sent", "done"] = "free"
    attempt: int = 1
    id: str = ""
    sent_at: str = ""


def finished_job(api: Api, fields: Fields, path: Path, progress: Progress) -> str:
    """The id of the clip's finished job: the one that the record names, or a new one."""
    record = _read(path)
    key = path.name.removesuffix(".job.json")
    if record.state == "done":
        try:
            return _wait(api, record, path, progress)
        except Gone:  # it was over, so that a new job doubles nothing
            record = Record(attempt=record.attempt + 1)
    if record.state == "sending":
        record = _recovered(api, record, path, key)
    if record.state == "free":
        record = _send(api, fields, record, path, key)
    try:
        return _wait(api, record, path, progress)
    except Gone as error:
        _keep(path, Record(attempt=record.attempt + 1))
        raise PopcornError(
            f"The video server at {api.url} no longer knows job {record.id}; run the same command again to send "
            "a new one."
        ) from error


def _send(api: Api, fields: Fields, record: Record, path: Path, key: str) -> Record:
    name = _job_key(key, record)
    marked: Fields = fields if is_openai(api.url) else {**fields, "user": name}
    sent_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    sending = record.model_copy(update={"state": "sending", "sent_at": sent_at})
    _keep(path, sending)
    try:
        job = video_api.submit(api, marked, name)
    except UnknownOutcome as unknown:
        return _recovered(api, sending, path, key, str(unknown))
    except PopcornError:
        _keep(path, record)
        raise
    sent = sending.model_copy(update={"state": "sent", "id": job})
    _keep(path, sent)
    return sent


def _recovered(api: Api, record: Record, path: Path, key: str, why: str = "the render was stopped") -> Record:
    """The record with the id that the server lists for our key; raises PopcornError where it lists none."""
    try:
        job = video_api.find(api, _job_key(key, record))
    except Cancelled:
        raise
    except PopcornError:  # a server that does not list its jobs
        job = None
    if job is None:
        raise PopcornError(
            f"A job was sent to {api.url} at {record.sent_at} and may be running ({why}), so it is not sent twice; "
            f"look there, and once none runs delete {path} and run the same command again."
        )
    sent = record.model_copy(update={"state": "sent", "id": job})
    _keep(path, sent)
    return sent


def _wait(api: Api, record: Record, path: Path, progress: Progress) -> str:
    """Ask until the job is over; gives back its id."""
    while True:
        job = video_api.ask(api, record.id)
        if job.state == "done":
            _keep(path, record.model_copy(update={"state": "done"}))
            return job.id
        if job.state == "failed":
            _keep(path, Record(attempt=record.attempt + 1))
            raise PopcornError(
                f"The video server at {api.url} gave up job {job.id} ({job.reason}); change the prompt or the "
                "settings, or run the same command again to send a new one."
            )
        progress(job.percent, 100)
        api.pause(POLL_SECONDS)


def _job_key(key: str, record: Record) -> str:
    """The clip's key, later with the attempt's number: a server would answer a known key with the job that failed."""
    return key if record.attempt == 1 else f"{key}-{record.attempt}"


def _read(path: Path) -> Record:
    try:
        return Record.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Record()
    except (OSError, ValidationError) as error:
        raise PopcornError(
            f"{path} cannot be read, so a job may be running on the server; look there, and once none runs delete it."
        ) from error


def _keep(path: Path, record: Record) -> None:
    write_atomic(path, record.model_dump_json(indent=2).encode())
