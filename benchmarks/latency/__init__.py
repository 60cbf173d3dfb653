"""Measure the latency of one classification."""
