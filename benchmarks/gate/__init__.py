"""Comparison of two result files and the rules that decide whether a change passes."""
