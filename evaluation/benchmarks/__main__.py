"""Print every benchmark's table."""

from . import attacks, full_run, orchestration, retrieval, scoring, startup

for benchmark in (startup, orchestration, retrieval, scoring, full_run):
    benchmark.main()
attacks.main([])
