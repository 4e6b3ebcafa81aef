"""Print every benchmark's table."""

from . import attacks, engines, full_run, orchestration, retrieval, scoring, startup, state_size

for benchmark in (startup, orchestration, retrieval, scoring, full_run, state_size, engines):
    benchmark.main()
attacks.main([])
