"""Checks of a finished file: runtimes, agreement, weights, per-layer SQNR."""
