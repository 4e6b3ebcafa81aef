"""Print every benchmark's table."""

from . import (
    animatic,
    attacks,
    engines,
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
    engines,
    state_size,
):
    benchmark.main()
attacks.main([])
