"""The paper's experiments, honest statistics, and benchmarks."""
