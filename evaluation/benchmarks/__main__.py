"""Print every benchmark's table."""

from . import full_run, orchestration, retrieval, startup, state_size

for benchmark in (startup, orchestration, retrieval, full_run, state_size):
    benchmark.main()
