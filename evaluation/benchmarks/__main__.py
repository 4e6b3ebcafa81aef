"""Print every benchmark's table."""

from . import attacks, full_run, orchestration, retrieval, scoring, signals, startup, state_size, video

for benchmark in (startup, orchestration, retrieval, scoring, video, signals, full_run, state_size):
    benchmark.main()
attacks.main([])
