"""A model file's answers to many faces, from a process of its own.

What a runtime does with a file can end the process, and tflite-runtime needs an environment of its
own beside LiteRT. `python -m device.model.isolated` is what runs there.
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

from device.errors import GateError, InputError
from device.model.classifier import Classifier
from device.model.runtime import Resolver
from device.system.run_python import run_python

_REFUSED = InputError.exit_code


@dataclass(frozen=True)
class Answers:
    """What a model said, and where.

    Attributes:
        labels: in the order of the output.
        probabilities: float32 [n, labels].
        runtime: name and version.
        delegated: whether XNNPACK took the graph.
    """

    labels: tuple[str, ...]
    probabilities: npt.NDArray[np.float32]
    runtime: str
    delegated: bool


def collect(
    model: Path,
    faces: npt.NDArray[np.uint8],
    *,
    resolver: Resolver = "xnnpack",
    threads: int = 1,
    python: Path | None = None,
) -> Answers:
    """Run a model on faces in a process of its own.

    Args:
        model: the `.tflite` file.
        faces: uint8 [n, 48, 48].
        resolver: see `device.model.classifier.Classifier`.
        threads: of the kernels.
        python: of the environment with the runtime to use; this one's when left out.

    Raises:
        InputError: the runtime refuses the file, or that Python cannot run this.
        GateError: the process crashed or took too long.
    """
    with tempfile.TemporaryDirectory(prefix="fer-edge-") as folder:
        here = Path(folder)
        np.save(here / "faces.npy", faces)
        command = [str(python or sys.executable), "-P", "-m", "device.model.isolated"]
        command += [str(model.absolute()), folder, resolver, str(threads)]
        done = run_python(command, _environment(here, python), what=f"{model}:")
        _check(done, model, python)
        told = json.loads((here / "told.json").read_text(encoding="utf-8"))
        probabilities = np.load(here / "probabilities.npy")
    return Answers(tuple(told["labels"]), probabilities, told["runtime"], told["delegated"])


def _environment(folder: Path, python: Path | None) -> dict[str, str]:
    """The environment in which that Python finds this package."""
    if python is None:
        paths = list(filter(None, sys.path))
    else:
        # This package alone: what is installed beside it belongs to another environment.
        package = Path(__file__).absolute().parents[1]
        (folder / "device").symlink_to(package, target_is_directory=True)
        paths = [str(folder)]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


def _check(done: subprocess.CompletedProcess[str], model: Path, python: Path | None) -> None:
    if done.returncode == 0:
        return
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    if done.returncode == _REFUSED:
        raise InputError(lines[-1])
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise GateError(f"{model}: the runtime crashes on it ({name})")
    raise InputError(f"{python or sys.executable} cannot run models: {lines[-1]}")


def main(model: str, folder: str, resolver: Resolver, threads: str) -> int:
    """Answer the faces in a folder, and leave the answers there."""
    here = Path(folder)
    try:
        classifier = Classifier(model, resolver=resolver, threads=int(threads))
        answers = [classifier(face).copy() for face in np.load(here / "faces.npy")]
    except InputError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    np.save(here / "probabilities.npy", np.stack(answers))
    told = {
        "labels": classifier.labels,
        "runtime": classifier.runtime,
        "delegated": classifier.delegated,
    }
    (here / "told.json").write_text(json.dumps(told), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))  # type: ignore[arg-type]
