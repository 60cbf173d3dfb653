"""One benchmark as a value, and its archive for a host: models, labeled faces, settings, code."""

import io
import json
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.config import BenchmarkConfig
from benchmarks.remote import code
from benchmarks.session.session import run
from device.errors import InputError
from device.labels import HEADS
from device.model.content import read

if TYPE_CHECKING:
    from benchmarks.results.types import Results

JOB, SAMPLE, FILES, CODE = "job.json", "sample.npz", "files", "code"
"""Names in the folder on the host; `benchmarks.remote.agent` puts `CODE` on the path."""

_FILE = "file"
_LABELS = "labels_"


@dataclass(frozen=True)
class Job:
    """The arguments of `benchmarks.run`, to be run here or on a host.

    Attributes:
        models: `.tflite` files on this machine.
        images: uint8 [n, 48, 48], gray 0..255.
        labels: by head, integers [n]; -1 for images that are left out.
        leaked: bool [n], whether an image is also in the training split; None if not known.
        data: `name`, `digest`, `synthetic` and `split` of the images.
        config: settings of the session; files that it names are sent to the host.
        label_names: by head, the names of its classes.
        subjects: str [n], the person on each image; None if unknown.
    """

    models: Sequence[Path]
    images: NDArray[np.uint8]
    labels: Mapping[str, NDArray[np.integer]]
    leaked: NDArray[np.bool_] | None
    data: Mapping[str, Any]
    config: BenchmarkConfig = field(default_factory=BenchmarkConfig)
    label_names: Mapping[str, Sequence[str]] = field(default_factory=lambda: dict(HEADS))
    subjects: NDArray[np.str_] | None = None

    def run(self, out: Path) -> "Results":
        """Run the benchmark in this process; arguments and errors are those of `benchmarks.run`."""
        return run(
            self.models,
            self.images,
            self.labels,
            leaked=self.leaked,
            data=self.data,
            out=out,
            config=self.config,
            label_names=self.label_names,
            subjects=self.subjects,
        )

    def pack(self) -> bytes:
        """Return a zip archive that `benchmarks.remote.agent` unpacks.

        Raises:
            InputError: a file is missing or cannot be read, or a model is not a `.tflite` file.
        """
        for model in self.models:
            read(model)  # so that a wrong file is reported before any host is contacted
        wanted = {"models": list(self.models), "config": self.config.as_dict()}
        relative = _relative(_paths(wanted))
        names = {head: list(labels) for head, labels in self.label_names.items()}
        job = {
            "data": dict(self.data),
            "label_names": names,
            **_map(wanted, lambda path: {_FILE: relative[path]}),
        }
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in code.files():
                archive.writestr(f"{CODE}/{name}", content)
            archive.writestr(JOB, json.dumps(job))
            archive.writestr(SAMPLE, self._sample())
            for path, name in relative.items():
                archive.writestr(f"{FILES}/{name}", _read(path))
        return target.getvalue()

    def _sample(self) -> bytes:
        target = io.BytesIO()
        arrays: dict[str, Any] = {_LABELS + head: labels for head, labels in self.labels.items()}
        if self.leaked is not None:
            arrays["leaked"] = self.leaked
        if self.subjects is not None:
            arrays["subjects"] = self.subjects
        np.savez(target, images=self.images, **arrays)
        return target.getvalue()


def load(folder: Path) -> Job:
    """Read the unpacked archive on the host."""
    job = json.loads((folder / JOB).read_text(encoding="utf-8"))
    wanted = _map(job, lambda name: folder / FILES / name)
    with np.load(folder / SAMPLE, allow_pickle=False) as sample:
        labels = {
            key.removeprefix(_LABELS): sample[key] for key in sample if key.startswith(_LABELS)
        }
        leaked = sample.get("leaked")
        return Job(
            wanted["models"],
            sample["images"],
            labels,
            leaked,
            job["data"],
            BenchmarkConfig.from_dict(wanted["config"]),
            job["label_names"],
            sample.get("subjects"),
        )


def _paths(value: Any) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _paths(item)


def _map(value: Any, replace: Any) -> Any:
    """Replace each path by its JSON form, or on the host each JSON form by its path."""
    if isinstance(value, Path):
        return replace(value)
    if isinstance(value, Mapping):
        if set(value) == {_FILE}:
            return replace(value[_FILE])
        return {key: _map(item, replace) for key, item in value.items()}
    return [_map(item, replace) for item in value] if isinstance(value, list | tuple) else value


def _relative(paths: Iterator[Path]) -> dict[Path, str]:
    """Return the path of each file relative to the deepest folder that contains all of them.

    Relative positions are kept, because results name models by file name and folder, and a
    description names its model by a relative path.
    """
    found = {path: path.resolve() for path in paths}
    shared = os.path.commonpath([path.parent for path in found.values()])
    return {path: whole.relative_to(shared).as_posix() for path, whole in found.items()}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
