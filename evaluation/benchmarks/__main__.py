"""Print every benchmark's table."""

from . import attacks, full_run, orchestration, retrieval, scoring, startup, state_size, video

for benchmark in (startup, orchestration, retrieval, scoring, video, full_run, state_size):
    benchmark.main()
attacks.main([])
