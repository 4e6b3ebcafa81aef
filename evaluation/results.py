"""results.jsonl: one line a trial, only ever appended to, each on disk before the next trial counts as finished."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from ..graph.folders import make_folder
from ..tools.errors import InputError, PopcornError
from .records import TrialResult


class ResultsFile:
    """The file, open for appending; a line that a crash tore is closed off and stays behind, ignored."""

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self.path = folder / "results.jsonl"
        try:
            self._file: IO[bytes] = self.path.open("ab+")
            self._file.seek(0, os.SEEK_END)
            if self._file.tell() and not _ends_a_line(self._file):
                self._file.write(b"\n")
        except OSError as error:
            raise self._cannot_write(error) from error

    def append(self, result: TrialResult) -> None:
        """Write one line; on return it is on disk. Raises PopcornError where it cannot be."""
        try:
            self._file.write(result.model_dump_json().encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._cannot_write(error) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _cannot_write(self, error: OSError) -> PopcornError:
        reason = error.strerror or type(error).__name__
        return PopcornError(
            f"{self.path} cannot be written ({reason}); free the space, or name another folder with --out, "
            "and run the same command again: what is finished is kept."
        )


def _ends_a_line(file: IO[bytes]) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def read_results(folder: Path) -> list[TrialResult]:
    """The results of a folder, the last line of each trial; raises InputError where there are none.

    A line that is not JSON was torn by a crash and is left out; one of another format is refused.
    """
    path = folder / "results.jsonl"
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"There are no results in {folder}; run `popcorn-agents evaluate PLAN --out {folder}`.") from (
            error
        )
    return last_of_each(_parsed(path, lines))


def last_of_each(results: Iterable[TrialResult]) -> list[TrialResult]:
    """One result a (system, query, seed), the newest; a failure never replaces a finished one."""
    found: dict[tuple[str, str, int], TrialResult] = {}
    for result in results:
        place = result.system, result.query.id, result.seed
        if place not in found or result.status == "finished" or found[place].status == "failed":
            found[place] = result
    return list(found.values())


def _parsed(path: Path, lines: list[bytes]) -> Iterable[TrialResult]:
    for number, line in enumerate(lines, 1):
        try:
            yield TrialResult.model_validate_json(line)
        except ValidationError as error:
            if error.errors(include_url=False)[0]["type"] == "json_invalid":
                continue
            raise InputError(
                f"Line {number} of {path} is from another version; name another folder with --out, or move it away."
            ) from error
