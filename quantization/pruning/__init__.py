"""Zeros in weights: magnitude pruning, 2:4 and block patterns, weight clustering."""
