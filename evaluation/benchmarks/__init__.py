"""Benchmarks: each prints a table and names its baseline, measured in the same run."""
