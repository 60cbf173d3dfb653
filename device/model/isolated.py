"""Inference in a separate process.

A runtime can crash on a file and end the process, and tflite-runtime needs a different environment
than LiteRT. `python -m device.model.isolated` is the program that runs there.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from device.errors import ExitCode, InputError, RuntimeCrashError
from device.model.classifier import Classifier
from device.model.runtime import Resolver
from device.system.run_python import run_python


@dataclass(frozen=True)
class IsolatedRun:
    """Predictions of a model that ran in a separate process.

    Attributes:
        labels: classes in the order of the output.
        probabilities: float32 [n, labels].
        runtime: name and version of the runtime.
        delegated: whether XNNPACK took the graph.
    """

    labels: tuple[str, ...]
    probabilities: npt.NDArray[np.float32]
    runtime: str
    delegated: bool


def run_isolated(
    model: Path,
    faces: npt.NDArray[np.uint8],
    *,
    resolver: Resolver = "xnnpack",
    threads: int = 1,
    python: Path | None = None,
) -> IsolatedRun:
    """Run a model on faces in a separate process.

    Args:
        model: path of the `.tflite` file.
        faces: gray faces, uint8 [n, 48, 48].
        resolver: set of kernels, see `device.model.classifier.Classifier`.
        threads: number of kernel threads.
        python: Python interpreter of the environment with the runtime; the current one if None.

    Raises:
        InputError: the runtime rejects the file, or the interpreter cannot run models.
        RuntimeCrashError: the process crashed or exceeded its time limit.
    """
    with tempfile.TemporaryDirectory(prefix="fer-edge-") as folder:
        here = Path(folder)
        np.save(here / "faces.npy", faces)
        command = [str(python or sys.executable), "-P", "-m", "device.model.isolated"]
        command += [str(model.absolute()), folder, resolver, str(threads)]
        done = run_python(command, _environment(here, python), what=f"{model}:")
        _check(done, model, python)
        result = json.loads((here / "result.json").read_text(encoding="utf-8"))
        probabilities = np.load(here / "probabilities.npy")
    labels = tuple(result["labels"])
    return IsolatedRun(labels, probabilities, result["runtime"], result["delegated"])


def _environment(folder: Path, python: Path | None) -> dict[str, str]:
    """The environment variables with which the interpreter finds this package."""
    if python is None:
        paths = list(filter(None, sys.path))
    else:
        # Only this package: others installed next to it belong to another environment.
        package = Path(__file__).absolute().parents[1]
        (folder / "device").symlink_to(package, target_is_directory=True)
        paths = [str(folder)]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


def _check(done: subprocess.CompletedProcess[str], model: Path, python: Path | None) -> None:
    if done.returncode == ExitCode.OK:
        return
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    if done.returncode == ExitCode.WRONG_INPUT:
        raise InputError(lines[-1])
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise RuntimeCrashError(f"{model}: the runtime crashes on it ({name})")
    raise InputError(f"{python or sys.executable} cannot run models: {lines[-1]}")


def main(model: str, folder: str, resolver: Resolver, threads: str) -> int:
    """Classify the faces in a folder and write the predictions there."""
    here = Path(folder)
    try:
        classifier = Classifier(model, resolver=resolver, threads=int(threads))
        predictions = [classifier(face).copy() for face in np.load(here / "faces.npy")]
    except InputError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    np.save(here / "probabilities.npy", np.stack(predictions))
    result = {
        "labels": classifier.labels,
        "runtime": classifier.runtime,
        "delegated": classifier.delegated,
    }
    (here / "result.json").write_text(json.dumps(result), encoding="utf-8")
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))  # type: ignore[arg-type]
