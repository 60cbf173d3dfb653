"""Timing one classification."""
