"""Optional dependencies: a one-line error for a missing package."""

from importlib.util import find_spec

from device.errors import InputError

TRAINING = ("pydantic", "tensorflow", "tf_keras", "tensorflow_model_optimization", "matplotlib")
"""Packages of the extra `train` that a training imports."""


def require(extra: str, packages: tuple[str, ...], what: str) -> None:
    """Check that packages are installed, without importing them.

    Args:
        extra: extra of fer-edge that installs them.
        packages: import names of the packages.
        what: feature that needs them, for the message.

    Raises:
        InputError: a package is not installed.
    """
    for package in packages:
        if find_spec(package) is None:
            raise InputError(
                f"{what} needs {package}, which is not installed: pip install 'fer-edge[{extra}]'"
            )
