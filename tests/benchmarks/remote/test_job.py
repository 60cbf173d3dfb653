import io
import json
import os
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from benchmarks.config import BenchmarkConfig
from benchmarks.models import model as model_under_test
from benchmarks.remote import Job, job
from device.errors import InputError


def unpack(packed: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.extractall(folder)
    return folder


def tflite(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\0\0\0\0TFL3" + path.name.encode())
    return path


def make(models, leaked=None, **options):
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (3, 48, 48), np.uint8)
    labels = {"fer2013": np.array([0, 6, -1]), "ferplus": np.array([7, -1, 0])}
    data = {"name": "ö", "digest": "d", "synthetic": True, "split": "val"}
    return Job(models, images, labels, leaked, data, BenchmarkConfig(**options))


def test_a_host_reads_what_was_packed(tmp_path):
    sent = make([tflite(tmp_path / "a.tflite")], np.array([True, False, False]), threads=[1, 2])
    read = job.load(unpack(sent.pack(), tmp_path / "host"))
    assert [path.read_bytes() for path in read.models] == [sent.models[0].read_bytes()]
    np.testing.assert_array_equal(read.images, sent.images)
    np.testing.assert_array_equal(read.leaked, sent.leaked)
    assert {head: part.tolist() for head, part in read.labels.items()} == {
        head: part.tolist() for head, part in sent.labels.items()
    }
    assert (read.data, read.config) == (sent.data, sent.config)


def test_models_keep_the_names_that_they_have_here(tmp_path):
    models = [tflite(tmp_path / run / "export" / "int8.tflite") for run in ("nano", "base")]
    read = job.load(unpack(make(models).pack(), tmp_path / "host"))
    assert model_under_test.names(read.models) == model_under_test.names(models)
    assert make(models).leaked is None and read.leaked is None


def test_files_that_options_name_are_sent_along(tmp_path):
    model = tflite(tmp_path / "models" / "emotion.tflite")
    peer = tmp_path / "emotion.toml"
    peer.write_text("size = [64, 64]")
    folder = unpack(make([model], peers=[peer]).pack(), tmp_path / "host")
    (there,) = job.load(folder).config.peers
    assert there.is_relative_to(folder) and there.read_text() == peer.read_text()
    assert there.parent / "models" == job.load(folder).models[0].parent


def test_nothing_of_the_paths_here_is_sent(tmp_path):
    packed = make([tflite(tmp_path / "a.tflite")]).pack()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert str(tmp_path) not in archive.read(job.JOB).decode()
        assert "files/a.tflite" in archive.namelist()


def test_a_file_that_is_none_is_said_before_any_host_is_asked(tmp_path):
    with pytest.raises(InputError, match="no such model"):
        make([tmp_path / "gone.tflite"]).pack()
    with pytest.raises(InputError, match=r"gone\.toml cannot be read"):
        make([tflite(tmp_path / "a.tflite")], peers=[tmp_path / "gone.toml"]).pack()


def test_the_code_is_sent_along_and_knows_its_version(tmp_path):
    folder = unpack(make([tflite(tmp_path / "a.tflite")]).pack(), tmp_path / "host") / job.CODE
    assert (folder / "benchmarks/schema/results.schema.json").is_file()
    assert not (folder / "fer_edge").exists()
    program = (
        "import importlib.metadata, benchmarks.session.session as s;"
        "print(s.__file__, importlib.metadata.version('fer-edge'))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(folder)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    file, version = ran.stdout.split()
    assert Path(file) == folder / "benchmarks/session/session.py"
    assert version == metadata.version("fer-edge")


def test_the_job_is_plain_json(tmp_path):
    folder = unpack(make([tflite(tmp_path / "a.tflite")], rounds=3).pack(), tmp_path / "host")
    assert json.loads((folder / job.JOB).read_text())["config"]["rounds"] == 3
