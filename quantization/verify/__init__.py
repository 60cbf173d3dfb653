"""Checks of a finished model file: runtimes, agreement, weights, per-layer SQNR."""
