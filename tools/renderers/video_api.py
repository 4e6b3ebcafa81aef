"""The OpenAI-style video API over HTTP: a job is sent once, asked after, its file fetched; failures are sentences."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from ..errors import PopcornError
from .video_connection import KEY_VARIABLE, Again, Api, Gone, UnknownOutcome, is_openai

ATTEMPTS = 5
BACKOFF_SECONDS = 0.5
LONGEST_WAIT = 60.0  # a server that asks for a longer pause is not waited for
MOST_BYTES = 512 * 2**20  # a minute of 1080p at 60 Mbit/s is 450 MB
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
STATES: dict[str, Literal["running", "done", "failed"]] = {
    **dict.fromkeys(("queued", "pending", "in_progress", "processing", "running"), "running"),
    **dict.fromkeys(("completed", "succeeded"), "done"),
    **dict.fromkeys(("failed", "cancelled", "canceled", "expired", "deleted"), "failed"),
}


@dataclass(frozen=True)
class Job:
    """What the server says of a job: progress in percent, and why it failed."""

    id: str
    state: Literal["running", "done", "failed"]
    percent: int
    reason: str


def submit(api: Api, fields: dict[str, str | int | float], key: str) -> str:
    """Send a job and give back its id.

    It is sent as a form, and as JSON where the server refuses the form (SGLang takes forms with a picture only). Only
    what surely was not accepted is repeated; raises UnknownOutcome where the job may be running.
    """
    form = {"files": {name: (None, str(value)) for name, value in fields.items()}}
    said = []
    for body in (form,) if is_openai(api.url) else (form, {"json": fields}):
        response = _post(api, body, key)
        if response.status_code not in (400, 415, 422):
            return _accepted(api, response)
        said.append(f"{response.status_code}: {_said(api, response)}")
    raise PopcornError(f"The video server at {api.url} refused the request ({'; then, as JSON, '.join(said)}).")


def find(api: Api, key: str) -> str | None:
    """The id of the newest listed job that carries our key in any field; None where none does or nothing is listed."""
    response = _get(api, "videos", params={"limit": 100, "order": "desc"})
    listed = _json(response)
    jobs = listed.get("data") if isinstance(listed, dict) else None
    for job in jobs if isinstance(jobs, list) else []:
        if isinstance(job, dict) and key in _texts(job):
            return _id(api, job)
    return None


def ask(api: Api, job_id: str) -> Job:
    """The job's state; raises Gone where the server does not know it."""
    response = _get(api, f"videos/{job_id}")
    _check(api, response)
    told = _json(response)
    state = STATES.get(str(told.get("status"))) if isinstance(told, dict) else None
    if state is None:
        raise _nonsense(api)
    percent = told.get("progress")
    error = told.get("error")
    reason = error.get("message") if isinstance(error, dict) else error
    return Job(
        id=job_id,
        state=state,
        percent=int(min(percent, 99)) if isinstance(percent, int | float) and 0 <= percent <= 100 else 0,
        reason=_short(api, reason or told.get("status")),
    )


def download(api: Api, job_id: str, path: Path) -> int:
    """Fetch the finished job's MP4 into `path`, whole or with an error; gives back its bytes."""
    for attempt in Retrying(**_policy(api)):
        with attempt:
            try:
                with api.client.stream("GET", f"videos/{job_id}/content", follow_redirects=True) as response:
                    if response.status_code != 200:
                        response.read()
                    _check_busy(api, response)
                    _check(api, response)
                    return _take(api, response, path)
            except httpx.RequestError as error:
                raise Again(_unreachable(api, error)) from error
    raise AssertionError("unreachable: the last attempt returns or raises")


def _take(api: Api, response: httpx.Response, path: Path) -> int:
    kind = response.headers.get("content-type", "nothing").partition(";")[0].strip().lower()
    if kind != "video/mp4":
        raise PopcornError(f"The video server at {api.url} sent {kind[:60]!r} in place of video/mp4; check the server.")
    length = response.headers.get("content-length", "0")
    too_much = PopcornError(
        f"The video server at {api.url} sent more than {MOST_BYTES >> 20} MiB; ask for a smaller clip."
    )
    if length.isdigit() and int(length) > MOST_BYTES:
        raise too_much
    taken = 0
    try:
        with path.open("wb") as file:
            for chunk in response.iter_bytes():
                taken += len(chunk)
                if taken > MOST_BYTES:
                    raise too_much
                file.write(chunk)
                api.pause(0)
    except httpx.RequestError as error:
        raise PopcornError(
            f"The download from {api.url} was cut off after {taken} bytes; run the same command again to fetch it."
        ) from error
    except OSError as error:
        raise PopcornError(f"{path.parent} cannot take the download ({error.strerror}); check the disk.") from error
    return taken


def _post(api: Api, body: dict[str, Any], key: str) -> httpx.Response:
    for attempt in Retrying(**_policy(api)):
        with attempt:
            try:
                response = api.client.post("videos", headers={"Idempotency-Key": key}, **body)
            except NOT_SENT as error:
                raise Again(_unreachable(api, error)) from error
            except httpx.RequestError as error:
                raise UnknownOutcome(f"no answer came ({type(error).__name__})") from error
            if response.status_code >= 500 or response.status_code in (408, 409):
                raise UnknownOutcome(f"it answered {response.status_code}: {_said(api, response)}")
            _check_busy(api, response)
            return response
    raise AssertionError("unreachable: the last attempt returns or raises")


def _accepted(api: Api, response: httpx.Response) -> str:
    _check(api, response)
    try:
        return _id(api, _json(response))
    except PopcornError as error:
        raise UnknownOutcome("it answered without a job id") from error


def _get(api: Api, path: str, **more: Any) -> httpx.Response:
    for attempt in Retrying(**_policy(api)):
        with attempt:
            try:
                response = api.client.get(path, **more)
            except httpx.RequestError as error:  # asking twice does no harm
                raise Again(_unreachable(api, error)) from error
            _check_busy(api, response)
            return response
    raise AssertionError("unreachable: the last attempt returns or raises")


def _check_busy(api: Api, response: httpx.Response) -> None:
    """Raise Again for 429, and for the 5xx of a request that may be repeated."""
    status = response.status_code
    if status == 429 or status >= 500:
        why = "limits the rate of requests" if status == 429 else "fails"
        asked = response.headers.get("retry-after", "")
        pause = float(asked) if re.fullmatch(r"\d+(\.\d+)?", asked) else None
        raise Again(f"The video server at {api.url} {why} ({status}); run the same command again later.", pause)


def _check(api: Api, response: httpx.Response) -> None:
    """Raise one sentence for every answer but success."""
    status = response.status_code
    if response.is_success:
        return
    if status in (401, 403):
        raise PopcornError(f"The video server at {api.url} refused the key ({status}); check {KEY_VARIABLE}.")
    if status == 404:
        raise Gone(f"The video server at {api.url} knows no such path, model or job (404: {_said(api, response)}).")
    if response.is_redirect:
        raise PopcornError(f"The video server at {api.url} moved ({status}); give its new address with --video-url.")
    raise PopcornError(f"The video server at {api.url} refused the request ({status}): {_said(api, response)}.")


def _policy(api: Api) -> dict[str, Any]:
    backoff = wait_exponential_jitter(multiplier=BACKOFF_SECONDS, max=20, jitter=BACKOFF_SECONDS)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.pause if isinstance(error, Again) else None
        return backoff(state) if asked is None else asked

    def may_pass(error: BaseException) -> bool:
        return isinstance(error, Again) and (error.pause or 0) <= LONGEST_WAIT

    return {
        "retry": retry_if_exception(may_pass),
        "stop": stop_after_attempt(ATTEMPTS),
        "wait": wait,
        "sleep": api.pause,
        "reraise": True,
    }


def _id(api: Api, job: Any) -> str:
    """The job's id, of characters that are safe in a path."""
    found = job.get("id") if isinstance(job, dict) else None
    if not isinstance(found, str) or not re.fullmatch(r"[A-Za-z0-9_][\w.:=-]{0,255}", found, re.ASCII):
        raise _nonsense(api)
    return found


def _texts(value: Any) -> set[str]:
    """Every string inside a JSON value."""
    if isinstance(value, dict):
        return set().union(*map(_texts, value.values()))
    if isinstance(value, list):
        return set().union(*map(_texts, value))
    return {value} if isinstance(value, str) else set()


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def _said(api: Api, response: httpx.Response) -> str:
    told = _json(response)
    error = told.get("error", told.get("detail", told.get("message"))) if isinstance(told, dict) else None
    return _short(api, error.get("message", error) if isinstance(error, dict) else error or response.text)


def _short(api: Api, said: Any) -> str:
    """The server's words on one line, without the key should it repeat it."""
    text = " ".join(str(said).split())
    return (text.replace(api.key, "***") if api.key else text)[:200].rstrip(".") or "no reason given"


def _unreachable(api: Api, error: Exception) -> str:
    return f"The video server at {api.url} cannot be reached ({type(error).__name__}); check that it runs there."


def _nonsense(api: Api) -> PopcornError:
    return PopcornError(f"The server at {api.url} did not answer as an OpenAI-style video API; check --video-url.")
