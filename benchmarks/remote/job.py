"""What is sent to a host: models, faces with their labels, the code, and the settings."""

import io
import json
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.config import BenchmarkConfig
from benchmarks.remote import code
from device.errors import InputError
from device.labels import HEADS
from device.model.content import read

JOB, SAMPLE, FILES, CODE = "job.json", "sample.npz", "files", "code"
"""Names in the folder on the host; `benchmarks.remote.agent` puts `CODE` on the path."""

_FILE = "file"
_LABELS = "labels_"


@dataclass(frozen=True)
class Job:
    """One call of `benchmarks.run`, to be made elsewhere.

    Attributes:
        models: `.tflite` files here.
        images: uint8 [n, 48, 48].
        labels: per head integers [n], -1 where one is left out.
        leaked: bool [n], or None.
        data: name, digest, synthetic, split.
        config: settings of the session; the files that its paths name are sent along.
        label_names: for each head the names of its classes.
    """

    models: Sequence[Path]
    images: NDArray[np.uint8]
    labels: Mapping[str, NDArray[np.integer]]
    leaked: NDArray[np.bool_] | None
    data: Mapping[str, Any]
    config: BenchmarkConfig = field(default_factory=BenchmarkConfig)
    label_names: Mapping[str, Sequence[str]] = field(default_factory=lambda: dict(HEADS))

    def pack(self) -> bytes:
        """Give all of it as one zip archive, as `benchmarks.remote.agent` unpacks it.

        Raises:
            InputError: a file is missing or cannot be read, or a model is no `.tflite`.
        """
        for model in self.models:
            read(model)  # better said here, before any host is asked
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
        np.savez(target, images=self.images, **arrays)
        return target.getvalue()


def load(folder: Path) -> Job:
    """Read, on the host, what `Job.pack` packed."""
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
        )


def _paths(value: Any) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _paths(item)


def _map(value: Any, replace: Any) -> Any:
    """Replace each path by what stands for it in JSON; or, on the host, the other way round."""
    if isinstance(value, Path):
        return replace(value)
    if isinstance(value, Mapping):
        if set(value) == {_FILE}:
            return replace(value[_FILE])
        return {key: _map(item, replace) for key, item in value.items()}
    return [_map(item, replace) for item in value] if isinstance(value, list | tuple) else value


def _relative(paths: Iterator[Path]) -> dict[Path, str]:
    """Name the files below the folder that they share: so they lie to each other as they do here.

    Results name models by file name and, where two share it, by folder; a file that names another
    finds it.
    """
    found = {path: path.resolve() for path in paths}
    shared = os.path.commonpath([path.parent for path in found.values()])
    return {path: whole.relative_to(shared).as_posix() for path, whole in found.items()}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
