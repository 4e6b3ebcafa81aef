"""Checkpoints: by default one SQLite file beside the run folders, safe for several runs and processes at once."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from sqlite3 import DatabaseError
from typing import TYPE_CHECKING

from ..tools.errors import PopcornError
from .folders import make_folder

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver


def open_checkpoints(runs_dir: Path, where: str = "sqlite") -> "AbstractAsyncContextManager[BaseCheckpointSaver[str]]":
    """A saver on runs_dir/checkpoints.sqlite or on a Postgres address; several runs of a process can share it."""
    if where == "sqlite":
        return open_sqlite(runs_dir)
    from .postgres import open_postgres

    return open_postgres(where)


def check_checkpoints(where: str) -> None:
    """Refuse a place for checkpoints that cannot be used; raises InputError or PopcornError."""
    if where != "sqlite":
        from .postgres import check_address

        check_address(where)


def serializer() -> "JsonPlusSerializer":
    """Rebuilds only the types that the state declares."""
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    from .state import TYPES

    return JsonPlusSerializer(allowed_msgpack_modules=TYPES)


@asynccontextmanager
async def open_sqlite(runs_dir: Path) -> "AsyncIterator[AsyncSqliteSaver]":
    """A saver on runs_dir/checkpoints.sqlite."""
    import aiosqlite
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    make_folder(runs_dir)
    path = runs_dir / "checkpoints.sqlite"
    try:
        async with aiosqlite.connect(path, timeout=30) as connection:
            # A killed process loses nothing with NORMAL under WAL; only a power cut can cost the last step.
            await connection.execute("PRAGMA synchronous=NORMAL")
            saver = AsyncSqliteSaver(connection, serde=serializer())
            try:
                await _set_up(saver, path)
                yield saver
            finally:
                # A cancelled graph still writes in the background. A write that the end of the connection cuts in two
                # keeps the file locked for as long as anything holds its cursor, so no write may come between these.
                async with saver.lock:
                    await connection.rollback()
                    await connection.close()
    except DatabaseError as error:
        raise _unusable(path, error) from error


async def _set_up(saver: "AsyncSqliteSaver", path: Path) -> None:
    """One process at a time: SQLite refuses, without waiting, a change to WAL or to the tables that meets another."""
    from filelock import AsyncFileLock

    try:
        async with AsyncFileLock(path.with_suffix(".lock"), poll_interval=0.01):
            await saver.setup()
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: Exception) -> PopcornError:
    return PopcornError(
        f"The checkpoints in {path} cannot be used ({error}); free the disk, or move that file away to start anew."
    )
