"""Print every benchmark's table."""

from . import (
    animatic,
    attacks,
    full_run,
    orchestration,
    retrieval,
    scoring,
    server,
    signals,
    startup,
    state_size,
    video,
)

for benchmark in (
    startup,
    orchestration,
    retrieval,
    scoring,
    animatic,
    video,
    signals,
    full_run,
    server,
    state_size,
):
    benchmark.main()
attacks.main([])
