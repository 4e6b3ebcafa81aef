"""Postgres checkpoints: one database for the runs of several machines."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ..tools.errors import InputError, PopcornError

if TYPE_CHECKING:
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

_SETUP_LOCK = 0x706F70636F726E  # "popcorn": ours among the database's advisory locks


def check_address(address: str) -> None:
    """Refuse an address that cannot be used or that holds a password; raises InputError or PopcornError."""
    if not address.startswith(("postgresql://", "postgres://")):
        raise InputError("--checkpoints takes sqlite or an address such as postgresql://user@host/database.")
    try:
        import langgraph.checkpoint.postgres.aio  # noqa: F401
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as error:
        raise PopcornError(
            "Checkpoints on Postgres need an extra: pip install 'popcorn-agents[postgres]', and libpq."
        ) from error
    try:
        parts = conninfo_to_dict(address)
    except ProgrammingError as error:
        raise InputError("--checkpoints: the address is not one that Postgres understands.") from error
    if parts.get("password") or parts.get("sslpassword"):
        raise InputError(
            "--checkpoints: the settings of a run are kept in its folder, so leave the password out of the address; "
            "put it into the variable PGPASSWORD or into ~/.pgpass."
        )


@asynccontextmanager
async def open_postgres(address: str) -> "AsyncIterator[AsyncPostgresSaver]":
    """A saver on a connection of its own; the tables are made where there are none."""
    check_address(address)
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    from psycopg import AsyncConnection, Error
    from psycopg.rows import dict_row

    from .checkpoints import serializer

    try:
        async with await AsyncConnection.connect(
            address, autocommit=True, prepare_threshold=0, row_factory=dict_row, connect_timeout=15
        ) as connection:
            saver = AsyncPostgresSaver(connection, serde=serializer())
            await _set_up(saver)
            yield saver
    except Error as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise PopcornError(
            f"The checkpoints on Postgres cannot be used ({reason}); check that the server runs, the address of "
            "--checkpoints, and PGPASSWORD."
        ) from error


async def _set_up(saver: "AsyncPostgresSaver") -> None:
    """One process at a time: tables that two make at once collide. Waiting inside a statement would block an index."""
    while True:
        async with saver._cursor() as cursor:
            await cursor.execute("SELECT pg_try_advisory_lock(%s) AS mine", (_SETUP_LOCK,))
            row = await cursor.fetchone()
        if row and row["mine"]:
            break
        await asyncio.sleep(0.02)
    try:
        await saver.setup()
    finally:
        async with saver._cursor() as cursor:
            await cursor.execute("SELECT pg_advisory_unlock(%s)", (_SETUP_LOCK,))
