"""Support for guest programs, which cannot start subprocesses."""

from device.model import trial


def trust_models() -> None:
    """Disable the first run of a model in a subprocess; the host has checked the models."""
    setattr(trial, "ensure_runs", lambda *_, **__: None)  # noqa: B010
