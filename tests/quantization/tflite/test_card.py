import gzip
import hashlib
import json

import pytest

from device.errors import InputError
from device.labels import FER2013
from quantization.normalization import Normalization
from quantization.tflite import card

DATA = {"digest": "d" * 64, "name": "faces.npz", "synthetic": True}


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "fer2013_int8.tflite"
    path.write_bytes(b"a model" * 100)
    return path


def write(model, **other):
    arguments = {
        "name": "small",
        "head": "fer2013",
        "labels": FER2013,
        "precision": "int8",
        "normalization": Normalization(128.0, 128.0),
        "recipe": {"seed": 1},
        "data": DATA,
        "parent_sha256": "p" * 64,
    }
    return card.write(model, **(arguments | other))


def test_a_card_stands_beside_its_file_and_says_what_it_is(model):
    path = write(model)
    assert path == model.parent / "fer2013_int8.card.json"
    written = json.loads(path.read_text())
    content = model.read_bytes()
    assert written["sha256"] == hashlib.sha256(content).hexdigest()
    assert written["bytes"] == len(content)
    assert written["bytes_gzip"] == len(gzip.compress(content))
    assert written["parent_sha256"] == "p" * 64
    assert written["labels"] == list(FER2013)
    assert written["data"] == DATA
    assert written["recipe"] == {"seed": 1}
    assert written["input"]["values"] == "pixel - 128"
    assert written["created_by"].startswith("fer-edge ")


def test_a_float_file_takes_raw_pixels(model):
    write(model, precision="float16")
    assert card.read(model)["input"]["dtype"] == "float32"
    assert card.read(model)["input"]["values"] == "pixel 0..255"


def test_metrics_are_added_and_kept(model):
    write(model)
    card.add_metrics(model, {"top1": 0.6})
    card.add_metrics(model, {"macro_f1": 0.5})
    assert card.read(model)["metrics"] == {"top1": 0.6, "macro_f1": 0.5}
    assert sorted(p.name for p in model.parent.iterdir()) == [
        "fer2013_int8.card.json",
        "fer2013_int8.tflite",
    ]


def test_the_card_of_another_file_is_refused(model):
    write(model)
    model.write_bytes(b"another model")
    with pytest.raises(InputError, match="card of another file"):
        card.read(model)


@pytest.mark.parametrize("content", ["{", "[]", "null", '"text"'])
def test_something_else_than_a_card_is_refused(model, content):
    card.card_path(model).write_text(content)
    with pytest.raises(InputError, match="card"):
        card.read(model)


def test_a_missing_model_or_card_is_named(model):
    with pytest.raises(InputError, match=r"card.json cannot be read"):
        card.read(model)
    model.unlink()
    with pytest.raises(InputError, match=r"fer2013_int8.tflite cannot be read"):
        write(model)


def test_data_must_say_whether_it_is_synthetic(model):
    with pytest.raises(InputError, match="lacks synthetic"):
        write(model, data={"digest": "d", "name": "n"})


def test_a_card_of_an_earlier_version_is_read_and_written_anew(model):
    path = write(model)
    old = path.read_text().replace('"normalization"', '"normalisation"')
    path.write_text(old)
    assert card.read(model)["input"]["normalization"] == {"mean": 128.0, "std": 128.0}
    card.add_metrics(model, {"top1": 0.6})
    assert "normalisation" not in path.read_text()


def test_a_card_nested_too_deeply_is_refused(model):
    card.card_path(model).write_text("[" * 200_000)
    with pytest.raises(InputError, match="not a card"):
        card.read(model)
