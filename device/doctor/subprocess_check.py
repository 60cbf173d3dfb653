"""Checks of compiled libraries: `python -m device.doctor.subprocess_check NAME [FILE]` prints JSON.

The doctor runs them in a separate process, because a library may crash it.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

_TIMEOUT = 60.0  # seconds; importing OpenCV from a slow card takes ten


class SubprocessCheckFailed(Exception):
    """A check failed; the message states the reason in one line."""


def run_check(name: str, file: Path | None = None) -> dict[str, Any]:
    """Run a check in a separate process.

    Args:
        name: name of one of the checks below.
        file: file argument of the check, if it takes one.

    Returns:
        The result of the check.

    Raises:
        SubprocessCheckFailed: the check failed, was killed or exceeded the time limit.
    """
    command = [sys.executable, "-P", "-m", "device.doctor.subprocess_check", name]
    if file is not None:
        command.append(str(file))
    # The same modules as in this process, regardless of the working folder.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_TIMEOUT
        )
    except subprocess.TimeoutExpired as error:
        raise SubprocessCheckFailed(f"takes more than {_TIMEOUT:.0f} seconds") from error
    if done.returncode < 0:
        raise SubprocessCheckFailed(f"crashes ({signal.Signals(-done.returncode).name})")
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise SubprocessCheckFailed(lines[-1] if lines else f"exit code {done.returncode}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def numpy() -> dict[str, Any]:
    """Import numpy."""
    import numpy

    return {"version": numpy.__version__}


def runtime() -> dict[str, Any]:
    """Import the TensorFlow Lite runtime that runs models."""
    from device.model.runtime import runtime_name

    return {"name": runtime_name()}


def model(file: str) -> dict[str, Any]:
    """Load a model and classify a gray face."""
    import numpy

    from device.geometry import FACE_SIZE
    from device.model.classifier import Classifier

    classifier = Classifier(file)
    classifier(numpy.full((FACE_SIZE, FACE_SIZE), 128, numpy.uint8))
    return {
        "precision": classifier.precision,
        "delegated": classifier.delegated,
        "labels": len(classifier.labels),
    }


def opencv() -> dict[str, Any]:
    """Import OpenCV and read its build information."""
    import cv2

    build: str = cv2.getBuildInformation()
    return {"version": cv2.__version__, "build": build}


def haar() -> dict[str, Any]:
    """Load the cascade."""
    from device.faces.haar import CASCADE, HaarDetector

    HaarDetector()
    return {"file": CASCADE}


def yunet(file: str) -> dict[str, Any]:
    """Load a YuNet model file and search an empty image."""
    from device.faces.yunet import YuNetDetector

    YuNetDetector(Path(file))
    return {"file": file}


_CHECKS = {check.__name__: check for check in (numpy, runtime, model, opencv, haar, yunet)}


def main(name: str, *arguments: str) -> int:
    """Run a check by name and print its result."""
    from device.errors import InputError

    try:
        print(json.dumps(_CHECKS[name](*arguments)))
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    except (Exception, SystemExit) as error:
        print(f"{type(error).__name__}: {error}".splitlines()[0], file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
