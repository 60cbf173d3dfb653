"""Outputs of the results."""

from device.sinks.base import BrokenOutput, Sink

__all__ = ["BrokenOutput", "Sink"]
