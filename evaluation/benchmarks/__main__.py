"""Print every benchmark's table."""

from . import animatic, attacks, full_run, orchestration, retrieval, scoring, server, startup, state_size

for benchmark in (startup, orchestration, retrieval, scoring, animatic, full_run, server, state_size):
    benchmark.main()
attacks.main([])
