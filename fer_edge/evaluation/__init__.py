"""Evaluation of finished models: robustness to corruptions, calibration, slices of the data."""
