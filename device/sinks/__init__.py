"""Where results go; several sinks may take them at once."""

from device.sinks.base import BrokenOutput, Sink

__all__ = ["BrokenOutput", "Sink"]
