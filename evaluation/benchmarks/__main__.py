"""Print every benchmark's table."""

from . import full_run, orchestration, retrieval, startup

for benchmark in (startup, orchestration, retrieval, full_run):
    benchmark.main()
