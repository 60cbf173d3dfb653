"""Nets of fixed weights that are timed beside every model; see `benchmarks.workload`."""
