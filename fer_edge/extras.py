"""Optional dependencies: one line for a package that is not installed."""

from importlib.util import find_spec

from device.errors import InputError

TRAINING = ("pydantic", "tensorflow", "tf_keras", "tensorflow_model_optimization", "matplotlib")
"""Packages of the extra `train` that a training imports."""


def require(extra: str, packages: tuple[str, ...], what: str) -> None:
    """Check that packages are installed, without importing them.

    Args:
        extra: extra of fer-edge that installs them.
        packages: import names.
        what: what needs them, for the message.

    Raises:
        InputError: one is not installed.
    """
    for package in packages:
        if find_spec(package) is None:
            raise InputError(
                f"{what} needs {package}, which is not installed: pip install 'fer-edge[{extra}]'"
            )
