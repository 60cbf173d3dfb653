"""Accuracy and size of a model file."""
