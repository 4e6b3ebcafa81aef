"""Let go of checkpoints that nothing can be resumed from; what the runs made stays."""

from pathlib import Path

from .checkpoints import open_checkpoints
from .context import Context
from .folders import list_records

OVER = {"finished", "stopped"}


async def prune(runs_dir: Path) -> tuple[int, int]:
    """Delete the checkpoints of runs that are over, or whose folder is gone; returns threads and freed bytes (SQLite).

    A run's folder, clips and result are kept: `resume` reads the result of a pruned run from them.
    """
    records = list_records(runs_dir)
    places: dict[str, set[str]] = {}
    for record in records:
        if record.status in OVER:
            where = record.settings.get("checkpoints", Context().checkpoints)
            places.setdefault(where, set()).add(record.run_id)
    file = runs_dir / "checkpoints.sqlite"
    before = _size(file)
    pruned = 0
    if file.exists():
        pruned += await _prune_sqlite(runs_dir, places.pop("sqlite", set()))
    places.pop("sqlite", None)
    for where, ids in places.items():
        async with open_checkpoints(runs_dir, where) as saver:
            for run_id in sorted(ids):
                if await saver.aget_tuple({"configurable": {"thread_id": run_id}}) is not None:
                    await saver.adelete_thread(run_id)
                    pruned += 1
    return pruned, before - _size(file)


async def _prune_sqlite(runs_dir: Path, over: set[str]) -> int:
    """The file belongs to its folder: a thread without a run folder is nobody's."""
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    async with open_checkpoints(runs_dir) as saver:
        assert isinstance(saver, AsyncSqliteSaver)  # noqa: S101 - tells mypy
        async with saver.lock, saver.conn.execute("SELECT DISTINCT thread_id FROM checkpoints") as cursor:
            threads = {str(row[0]) async for row in cursor}
        gone = {thread for thread in threads if thread in over or not (runs_dir / thread / "run.json").exists()}
        for thread in sorted(gone):
            await saver.adelete_thread(thread)
        async with saver.lock:
            await saver.conn.execute("VACUUM")
            await saver.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return len(gone)


def _size(file: Path) -> int:
    return sum(path.stat().st_size for path in (file, file.with_name(f"{file.name}-wal")) if path.exists())
