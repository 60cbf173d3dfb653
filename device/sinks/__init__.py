"""Where results go; several sinks may take them at once."""

from device.sinks.base import ReaderGone, Sink

__all__ = ["ReaderGone", "Sink"]
