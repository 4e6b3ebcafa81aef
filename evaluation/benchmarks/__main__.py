"""Print every benchmark's table."""

from . import attacks, full_run, orchestration, retrieval, scoring, server, startup, state_size

for benchmark in (startup, orchestration, retrieval, scoring, full_run, server, state_size):
    benchmark.main()
attacks.main([])
