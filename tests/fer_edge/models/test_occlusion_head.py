"""The head that finds the hidden part of a face: training, start, int8, files, and the runner."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from device.errors import CheckFailedError, InputError
from device.faces.recognize import recognize
from device.frame import Frame, Result
from device.image import draw
from device.image import file as image_file
from device.labels import FACE_PARTS, FER2013, FERPLUS, OCCLUSION
from device.model import inspection
from device.model.classifier import Classifier
from device.sinks.jsonl import SCHEMA, as_json
from device.tracking.analyzer import FaceAnalyzer
from fer_edge import recipe
from fer_edge.cli.app import app
from fer_edge.models import MobileNet
from fer_edge.models.net import by_head
from fer_edge.pipeline import initial_weights
from fer_edge.recipe import Augment, Phase
from fer_edge.training import trainer, weights
from fer_edge.training.job import Job
from fer_edge.training.mixture import LabeledImages, Mixture
from quantization.export import io as export_io
from quantization.normalization import Normalization
from quantization.qat.quantize_aware import calibrate, quantize_aware
from quantization.tflite import card
from quantization.tflite.convert import to_tflite
from quantization.verify import parity
from quantization.verify.agreement import Bound

NORMALIZATION = Normalization(128.0, 128.0)
SECTION = {
    "name": "mobilenet",
    "stem": [{"width": 8, "stride": 2}],
    "stages": [{"width": 16, "stride": 2}, {"width": 16, "stride": 2}],
    "features": 32,
    "batchnorm_momentum": 0.9,
}
HEADS = {"fer2013": 7, "ferplus": 8}
PRECISIONS = ("float32", "ptq", "int8")
NO_GEOMETRY = {"rotation": 0, "shift": 0, "zoom": 0, "erasing": 0}


def build(*, occlusion: bool) -> Any:
    net = MobileNet.model_validate(SECTION | {"occlusion": occlusion})
    return net.build(HEADS, dropout=False, seed=3)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Bright images with noise: what covers them can be seen."""
    noise = np.random.default_rng(3).normal(130, 12, (256, 48, 48))
    return np.clip(noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def trained(images, tmp_path_factory) -> Any:
    """A float net after some epochs in which four of five faces were covered."""
    targets = {
        head: np.full((len(images), size), 1 / size, np.float32) for head, size in HEADS.items()
    }
    data = LabeledImages(images, targets, {"fer2013": np.zeros(len(images), np.int16)})
    model = build(occlusion=True)
    job = Job(
        phase=Phase(epochs=25, learning_rate=5e-3, optimizer="adamw", select="last"),
        train=Mixture(data, 32),
        val=data,
        seed=1,
        augment=Augment(**NO_GEOMETRY, brightness=0, contrast=0, occlusion=0.8),
        normalization=(128.0, 128.0),
        out=tmp_path_factory.mktemp("trained"),
        title="train occlusion",
        occlusion_weight=1.0,
    )
    trainer.fit(model, job)
    return model


@pytest.fixture(scope="module")
def files(trained, images, tmp_path_factory) -> dict[str, Path]:
    """The files of the head fer2013."""
    quantized = quantize_aware(trained, normalization=NORMALIZATION, keep_zeros=False)
    calibrate(quantized, images, normalization=NORMALIZATION)
    folder, models = tmp_path_factory.mktemp("files"), {"int8": quantized}
    found = {}
    for precision in PRECISIONS:
        found[precision] = folder / f"fer2013_{precision}.tflite"
        to_tflite(
            models.get(precision, trained),
            found[precision],
            head="fer2013",
            labels=FER2013,
            precision=precision,
            normalization=NORMALIZATION,
            calibration=images,
        )
    return found


@pytest.fixture(scope="module")
def covered(images) -> tuple[np.ndarray, np.ndarray]:
    """Images with half of the side covered by black, and the index of that part."""
    upper, lower = images[0].copy(), images[0].copy()
    upper[8:24], lower[34:] = 0, 230
    return np.stack([images[0], upper, lower]), np.array([0, 1, 2])


def test_the_gated_net_starts_as_the_net_without_a_gate(images):
    plain, gated = build(occlusion=False), build(occlusion=True)
    for layer in plain.layers:
        gated.get_layer(layer.name).set_weights(layer.get_weights())
    x = NORMALIZATION.apply(images[:8])
    for one, other in zip(plain(x), gated(x)[:2], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert gated.output_names == [*HEADS, OCCLUSION]


def test_training_starts_from_a_shipped_net_that_has_no_gate(images):
    shipped = initial_weights.find("zoo:nano")
    model = recipe.load("occlusion").model.build(HEADS, dropout=False)
    shipped.load_into(model, {"fer2013": FER2013, "ferplus": FERPLUS})
    x = NORMALIZATION.apply(images[:4])
    for one, other in zip(shipped.model(HEADS)(x), model(x)[:2], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_head_learns_what_is_drawn(trained, covered):
    images, parts = covered
    answers = by_head(trained(NORMALIZATION.apply(images)))[-1].numpy().argmax(axis=1)
    np.testing.assert_array_equal(answers, parts)


def test_the_answer_gates_the_features(trained):
    kernel, bias = trained.get_layer("occlusion_gate_weights").get_weights()
    assert kernel.shape == (len(FACE_PARTS), 36)
    assert np.abs(kernel).max() > 0  # the gate learns
    assert np.abs(bias - 1).max() < 1


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_file_gives_the_expression_first_and_the_hidden_part_second(precision, files, covered):
    classifier = Classifier(files[precision])
    assert classifier.labels == FER2013 and classifier.parts == FACE_PARTS
    for image, part in zip(*covered, strict=True):
        assert classifier(image).shape == (7,)
        hidden = classifier.hidden()
        assert hidden.shape == (5,) and hidden.sum() == pytest.approx(1, abs=0.03)
        assert hidden.argmax() == part


@pytest.mark.parametrize("precision", ["ptq", "int8"])
def test_integer_files_are_integers_to_the_last_tensor(precision, files):
    assert parity.float_tensors(files[precision]) == []
    assert inspection.inspect(files[precision]).islands == ()


def test_the_file_agrees_with_its_model(files, trained, images):
    parity.check(
        files["ptq"],
        trained,
        images[:100],
        head="fer2013",
        normalization=NORMALIZATION,
        bound=Bound(disagreements=1.0, difference=0.1),
    )


def test_a_file_with_another_second_output_is_refused(files, trained, images):
    import tf_keras as keras

    other = keras.models.clone_model(trained)
    other.set_weights(trained.get_weights())
    kernel, bias = other.get_layer(OCCLUSION).get_weights()
    # The gate's layer undoes the change, so that the expressions stay as they are.
    other.get_layer(OCCLUSION).set_weights([kernel, bias + 8 * np.eye(5, dtype=np.float32)[3]])
    weights, start = other.get_layer("occlusion_gate_weights").get_weights()
    other.get_layer("occlusion_gate_weights").set_weights([weights, start - 8 * weights[3]])
    with pytest.raises(CheckFailedError, match="output occlusion differs"):
        parity.check(
            files["ptq"],
            other,
            images[:20],
            head="fer2013",
            normalization=NORMALIZATION,
            bound=Bound(disagreements=1.0, difference=0.1),
        )


def test_the_metadata_names_both_outputs(files):
    content = files["int8"].read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["labels.txt", "occlusion.txt"]
        assert archive.read("occlusion.txt").decode().split() == list(FACE_PARTS)
    assert b"probability of each hidden part of the face" in content


def test_the_card_names_both_outputs(files, tmp_path):
    model = tmp_path / "model.tflite"
    model.write_bytes(files["int8"].read_bytes())
    settings: dict[str, Any] = {
        "name": "n",
        "head": "fer2013",
        "labels": FER2013,
        "precision": "int8",
        "normalization": NORMALIZATION,
        "recipe": {},
        "data": {"digest": "", "name": "", "synthetic": True},
        "parent_sha256": None,
    }
    card.write(model, **settings, parts=FACE_PARTS)
    assert card.read(model)["outputs"] == [
        {"name": "probability", "labels": list(FER2013)},
        {"name": "occlusion", "labels": list(FACE_PARTS)},
    ]
    card.write(model, **settings)
    assert "outputs" not in card.read(model)


class OneFace:
    """A detector that finds the whole image."""

    color, min_hits = False, 1

    def find(self, image: np.ndarray) -> list[Any]:
        from device.face import Face
        from device.geometry import Box

        return [Face(Box(0, 0, image.shape[1], image.shape[0]))]


def test_the_runner_says_which_part_is_hidden(files, covered):
    classifier = Classifier(files["int8"])
    schema = json.loads(SCHEMA.read_text())
    for image, part in zip(*covered, strict=True):
        frame = Frame(image, 0, 0.0, "camera")
        faces = FaceAnalyzer(classifier, OneFace(), margin=0).process(frame)
        assert faces[0].occluded == FACE_PARTS[part]
        line = json.loads(
            json.dumps(as_json(Result(frame, faces, FER2013, {"read": 0.1, "total": 1})))
        )
        jsonschema.validate(line, schema)
        assert line["faces"][0]["occluded"] == FACE_PARTS[part]


def test_the_hidden_part_is_drawn_and_a_visible_face_is_not_marked(files, covered):
    classifier = Classifier(files["int8"])
    found = [recognize(image, classifier, OneFace(), margin=0)[0] for image in covered[0]]
    assert [face.hidden_text for face in found] == ["", "upper occluded", "lower occluded"]
    canvas = np.zeros((400, 400, 3), np.uint8)
    hidden = draw.annotate(canvas, [found[1]])
    found[1].occluded = FACE_PARTS[0]
    assert not np.array_equal(hidden, draw.annotate(canvas, [found[1]]))


def test_predict_prints_the_hidden_part(files, tmp_path):
    portrait = pytest.importorskip("skimage.data").astronaut()
    image_file.write(tmp_path / "portrait.png", np.ascontiguousarray(portrait[:, :, ::-1]))
    words = ["predict", str(files["int8"]), str(tmp_path / "portrait.png")]
    told = CliRunner().invoke(app, [*words, "--json"])
    (face,) = json.loads(told.stdout)["faces"]
    assert face["occluded"] in FACE_PARTS
    said = CliRunner().invoke(app, words).stdout
    assert (f"{face['occluded']} occluded" in said) == (face["occluded"] != "none")


def test_models_with_one_output_are_as_they_were(covered):
    from fer_edge import zoo

    classifier = Classifier(zoo.resolve("zoo:nano"))
    assert classifier.parts == ()
    with pytest.raises(InputError, match="does not find the hidden part"):
        classifier.hidden()
    frame = Frame(covered[0][0], 0, 0.0, "camera")
    faces = FaceAnalyzer(classifier, OneFace()).process(frame)
    line = as_json(Result(frame, faces, FER2013, {"read": 0.1, "total": 1}))
    assert "occluded" not in line["faces"][0]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({OCCLUSION: "none\nupper\n"}, "names 2 labels"),
        ({OCCLUSION: "none\nnone\n"}, "two classes are called none"),
        ({OCCLUSION: None}, "has 2 outputs"),
    ],
)
def test_a_list_of_parts_that_does_not_fit_is_refused(files, tmp_path, change, complaint):
    from quantization.tflite.metadata import append_files

    content = files["int8"].read_bytes()
    start = zipfile.ZipFile(io.BytesIO(content)).infolist()[0].header_offset
    lists = {"labels.txt": "\n".join(FER2013)}
    if change[OCCLUSION]:
        lists["occlusion.txt"] = change[OCCLUSION]
    path = tmp_path / "changed.tflite"
    path.write_bytes(append_files(content[:start], lists))
    with pytest.raises(InputError, match=complaint):
        Classifier(path)


def test_parts_without_a_second_output_are_refused(tmp_path):
    from fer_edge import zoo
    from quantization.tflite.metadata import append_files

    content = zoo.resolve("zoo:nano").read_bytes()
    start = zipfile.ZipFile(io.BytesIO(content)).infolist()[0].header_offset
    path = tmp_path / "changed.tflite"
    lists = {"labels.txt": "\n".join(FER2013), "occlusion.txt": "\n".join(FACE_PARTS)}
    path.write_bytes(append_files(content[:start], lists))
    with pytest.raises(InputError, match="hidden parts without a second output"):
        Classifier(path)


def test_other_input_and_output_are_refused_in_one_line(files):
    from device.model.file import ModelFile

    with pytest.raises(InputError, match="one input and one output"):
        export_io.load(ModelFile(files["int8"]))


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("augment.occlusion=0.0", "set augment.occlusion above 0"),
        ("train.small_epochs=2", "set small_epochs = 0"),
        ("channels={ epochs = 1, learning_rate = 1e-3 }", "cannot be pruned"),
    ],
)
def test_a_recipe_that_cannot_train_the_head_is_refused(override, complaint):
    with pytest.raises(InputError, match=complaint):
        recipe.load("occlusion", [override])


def test_an_occlusion_net_may_be_the_teacher_of_nets_without_the_head(tmp_path):
    net = MobileNet.model_validate(SECTION | {"occlusion": True})
    weights.save(build(occlusion=True), tmp_path / "weights.npz")
    labels = {"fer2013": FER2013, "ferplus": FERPLUS}
    own = initial_weights.Initial("run", net, labels, tmp_path / "weights.npz")
    assert own.model(HEADS).output_names == list(HEADS)


def test_without_the_option_nothing_is_added():
    section = MobileNet.model_validate(SECTION)
    assert "occlusion" not in section.settings()  # runs of earlier versions are recognized
    assert not [w.name for w in build(occlusion=False).weights if "occlusion" in w.name]
