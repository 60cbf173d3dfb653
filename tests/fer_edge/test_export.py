"""`fer-edge export`: exported files predict the same as the shipped model, in every runtime."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from device.image import file as image_file
from device.image.color import gray
from device.labels import FER2013, FERPLUS
from device.model import content as model_content
from device.model import graph
from device.model.classifier import Classifier
from device.model.file import ModelFile
from fer_edge import zoo
from fer_edge.cli.app import app
from fer_edge.data import synthetic
from quantization.export import io as io_adapter
from quantization.tflite import card, compact, io_types, metadata

MEDIAPIPE = os.environ.get("FER_EDGE_MEDIAPIPE_PYTHON")
MICRO = os.environ.get("FER_EDGE_TFLITE_MICRO_PYTHON")
CLASSIFY = """
import json, sys
import mediapipe as mp
from mediapipe.tasks.python import BaseOptions, vision
options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_path=sys.argv[1]))
with vision.ImageClassifier.create_from_options(options) as classifier:
    for picture in sys.argv[2:]:
        found = classifier.classify(mp.Image.create_from_file(picture)).classifications[0]
        print(json.dumps({each.category_name: each.score for each in found.categories}))
"""
METADATA = """
import json, sys
from mediapipe.tasks.metadata import metadata_schema_py_generated as schema
from mediapipe.tasks.metadata import schema_py_generated as model_schema
content = open(sys.argv[1], "rb").read()
model = model_schema.Model.GetRootAsModel(content, 0)
entries = [model.Metadata(i) for i in range(model.MetadataLength())]
(buffer,) = [entry.Buffer() for entry in entries if entry.Name() == b"TFLITE_METADATA"]
described = schema.ModelMetadata.GetRootAsModelMetadata(
    model.Buffers(buffer).DataAsNumpy().tobytes(), 0
)
described = schema.ModelMetadataT.InitFromObj(described)
pixels = described.subgraphMetadata[0].inputTensorMetadata[0]
options = pixels.processUnits[0].options
print(json.dumps([
    described.name.decode(), pixels.content.contentProperties.colorSpace,
    list(map(float, options.mean)), list(map(float, options.std)),
]))
"""


def export(*arguments):
    environment = {"FER_EDGE_TFLITE_MICRO_PYTHON": None}
    return CliRunner(env=environment).invoke(app, ["export", *map(str, arguments)])


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Every kind of file, of the int8 and the float32 model; returns the path of one."""
    folder = tmp_path_factory.mktemp("exported")
    for precision in ("int8", "float32"):
        for color in io_types.COLORS:
            for io in io_types.IOS:
                done = export("zoo:base", "--precision", precision, "--input", color, "--io", io,
                              "--out", folder)  # fmt: skip
                assert done.exit_code == 0, done.output
    return lambda precision, color, io: folder / f"fer2013_{precision}_{color}_{io}.tflite"


@pytest.fixture(scope="module")
def faces():
    return synthetic.generate(30, seed=4).images[:150]


@pytest.fixture(scope="module")
def colors(faces):
    """Images of strong colors, uint8 [n, 48, 48, 3] RGB."""
    rng = np.random.default_rng(1)
    tint = rng.uniform(0.3, 1.6, (len(faces), 1, 1, 3))
    noise = rng.normal(0, 20, (*faces.shape, 3))
    return np.clip(faces[..., np.newaxis] * tint + noise, 0, 255).astype(np.uint8)


def as_runner_does(pictures):
    return np.stack([gray(np.ascontiguousarray(picture[..., ::-1])) for picture in pictures])


def answers(path, pictures, resolver="AUTO", tensor=None):
    """Probabilities from LiteRT itself, float32 [n, labels]; or another tensor's values."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        str(path),
        experimental_op_resolver_type=OpResolverType[resolver],
        experimental_preserve_all_tensors=tensor is not None,
    )
    interpreter.allocate_tensors()
    source, sink = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    found = []
    for picture in pictures:
        values = picture.reshape(source["shape"]).astype(np.int16)
        values = values - 128 if source["dtype"] == np.int8 else values
        interpreter.set_tensor(source["index"], values.astype(source["dtype"]))
        interpreter.invoke()
        if tensor is not None:
            found.append(interpreter.get_tensor(tensor)[0].copy())
            continue
        scale, zero_point = sink["quantization"]
        output = interpreter.get_tensor(sink["index"])[0].astype(np.float32)
        found.append((output - zero_point) * scale if scale else output)
    return np.stack(found)


# The reference kernels, which are those of microcontrollers, are slow.
@pytest.mark.parametrize(("resolver", "n"), [("AUTO", 150), ("BUILTIN_REF", 15)])
@pytest.mark.parametrize("io", io_types.IOS)
def test_an_int8_net_answers_gray_pictures_as_before_to_the_bit(exported, faces, io, resolver, n):
    faces = faces[:: len(faces) // n]
    wanted = answers(zoo.resolve("zoo:base"), faces, resolver)
    assert len(np.unique(wanted)) > 20
    np.testing.assert_array_equal(answers(exported("int8", "gray", io), faces, resolver), wanted)
    thrice = np.repeat(faces[..., np.newaxis], 3, axis=-1)
    np.testing.assert_array_equal(answers(exported("int8", "rgb", io), thrice, resolver), wanted)


@pytest.mark.parametrize("io", io_types.IOS)
def test_a_float_net_answers_as_before_up_to_the_steps_of_its_output(exported, faces, io):
    wanted = answers(zoo.resolve("zoo:base/fer2013_float32"), faces)
    # Half a step of 1/256; 1.0 has no byte.
    bound = 1e-5 if io == "float32" else 0.51 / 256
    thrice = np.repeat(faces[..., np.newaxis], 3, axis=-1)
    for color, pictures in (("gray", faces), ("rgb", thrice)):
        found = answers(exported("float32", color, io), pictures)
        high = wanted <= 255.4 / 256
        np.testing.assert_allclose(found[high], wanted[high], atol=bound, rtol=0)


def gray_inside(path, pictures, resolver):
    """The gray images into which colors are converted before an int8 net."""
    (index,) = [
        t.index for t in graph.load(path).tensors if t.shape == (1, 48, 48, 1) and t.dtype == "int8"
    ]
    return answers(path, pictures, resolver, tensor=index)[..., 0].astype(int) + 128


@pytest.mark.parametrize("resolver", ["BUILTIN_WITHOUT_DEFAULT_DELEGATES", "BUILTIN_REF"])
@pytest.mark.parametrize(("io", "share"), [("int8", 0.1), ("uint8", 0.1), ("float32", 0.01)])
def test_colors_become_the_runners_gray_within_one_step(exported, io, share, resolver):
    """Various colors: the corners of the cube, its edges and random ones."""
    rng = np.random.default_rng(2)
    colors = rng.integers(0, 256, (20, 48, 48, 3), dtype=np.uint8)
    colors[:4, :, :, 0], colors[4:8, :, :, 1], colors[8:12, :, :, 2] = 255, 0, 255
    path = exported("int8", "rgb", io)
    found = gray_inside(path, colors, resolver)
    difference = np.abs(found - as_runner_does(colors))
    assert difference.max() <= 1
    assert np.mean(difference > 0) < share


def test_every_gray_pixel_is_itself(exported):
    every = np.arange(256, dtype=np.uint8).repeat(9).reshape(1, 48, 48)
    thrice = np.repeat(every[..., np.newaxis], 3, axis=-1)
    for io in io_types.IOS:
        path = exported("int8", "rgb", io)
        np.testing.assert_array_equal(gray_inside(path, thrice, "BUILTIN_REF"), every)


@pytest.mark.parametrize("io", io_types.IOS)
def test_color_pictures_get_the_answers_of_the_gray_ones_that_they_become(exported, colors, io):
    path, resolver = exported("int8", "rgb", io), "BUILTIN_WITHOUT_DEFAULT_DELEGATES"
    gray = gray_inside(path, colors, resolver).astype(np.uint8)
    wanted = answers(zoo.resolve("zoo:base"), gray, resolver)
    np.testing.assert_array_equal(answers(path, colors, resolver), wanted)


@pytest.mark.parametrize("io", io_types.IOS)
def test_color_pictures_get_nearly_the_runners_answer(exported, colors, io):
    seen = as_runner_does(colors)
    for precision in ("int8", "float32"):
        wanted = answers(zoo.resolve(f"zoo:base/fer2013_{precision}"), seen)
        found = answers(exported(precision, "rgb", io), colors)
        # How far a step of a pixel moves one answer is the net's affair, so on average; and where
        # two classes are as good as equal, either will do.
        assert np.abs(found - wanted).mean() < 0.01
        if precision == "float32":  # an int8 net has steps of its own
            assert np.abs(found - wanted).max() < 0.06
        second, first = np.sort(wanted, axis=1)[:, -2:].T
        sure = first - second > 0.15
        assert sure.mean() > 0.5
        np.testing.assert_array_equal(found[sure].argmax(axis=1), wanted[sure].argmax(axis=1))


def test_no_weight_of_the_net_changes(exported):
    parent = graph.load(zoo.resolve("zoo:base"))
    for color in io_types.COLORS:
        for io in io_types.IOS:
            child = graph.load(exported("int8", color, io))
            for before, after in zip(parent.tensors, child.tensors, strict=False):
                assert (before.name, before.dtype) == (after.name, after.dtype)
                assert bytes(before.values) == bytes(after.values)


@pytest.mark.parametrize("precision", ["int8", "float32"])
@pytest.mark.parametrize("io", io_types.IOS)
def test_our_runner_runs_the_gray_files(exported, faces, precision, io):
    ours = Classifier(exported(precision, "gray", io))
    theirs = Classifier(zoo.resolve(f"zoo:base/fer2013_{precision}"))
    assert ours.labels == FER2013 and ours.precision == io
    for face in faces[:20]:
        np.testing.assert_allclose(ours(face), theirs(face), atol=1.01 / 256)


def test_our_runner_refuses_color_files_in_one_line(exported, tmp_path):
    image_file.write(tmp_path / "face.png", np.full((48, 48), 90, np.uint8))
    path = exported("int8", "rgb", "uint8")
    done = CliRunner().invoke(app, ["predict", str(path), str(tmp_path / "face.png")])
    assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1
    assert "takes input [1, 48, 48, 3]" in done.stderr


def test_signatures_lead_to_the_new_input_and_output(exported, faces):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(exported("int8", "gray", "uint8")))
    run = interpreter.get_signature_runner()
    (name,) = run.get_input_details()
    (output,) = run(**{name: faces[0].reshape(1, 48, 48, 1)}).values()
    assert output.dtype == np.uint8 and output.argmax() == Classifier(
        zoo.resolve("zoo:base")
    )(faces[0]).argmax()  # fmt: skip


def test_the_card_names_the_parent_and_the_new_input(exported):
    parent = zoo.resolve("zoo:base")
    found = card.read(exported("int8", "rgb", "uint8"))
    assert found["parent_sha256"] == card.sha256(parent)
    assert found["input"] == {
        "shape": [1, 48, 48, 3],
        "color": "red, green, blue",
        "dtype": "uint8",
        "values": "pixel",
        "normalization": {"mean": 128.0, "std": 128.0},
        "margin": 0.0,
    }
    assert found["labels"] == list(FER2013) and found["precision"] == "int8"
    assert found["recipe"] == card.read(parent)["recipe"] and found["metrics"] == {}


def test_the_metadata_is_replaced_and_not_added(exported):
    from ai_edge_litert import schema_py_generated as schema

    path = exported("int8", "rgb", "float32")
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes())
    assert sum(entry.name == b"TFLITE_METADATA" for entry in model.metadata) == 1
    parent = io_adapter.load(ModelFile(zoo.resolve("zoo:base")))
    assert metadata.description(model) == metadata.description(parent) is not None
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["labels.txt"]
    for i in range(len(model.buffers)):
        table = schema.Model.GetRootAs(path.read_bytes(), 0).Buffers(i)._tab
        field = table.Offset(4)
        assert field == 0 or table.Vector(field) % 16 == 0


def test_weights_behind_the_flatbuffer_are_kept(tmp_path):
    """LiteRT's quantizer stores them there."""
    from ai_edge_litert import schema_py_generated as schema

    content = zoo.resolve("zoo:base").read_bytes()
    model = schema.ModelT.InitFromPackedBuf(content)
    largest = max(
        (buffer for buffer in model.buffers if buffer.data is not None), key=lambda b: len(b.data)
    )
    values = bytes(largest.data)
    largest.data, largest.size, largest.offset = None, len(values), 1 << 20
    packed = compact.serialize(model)
    path = tmp_path / "behind.tflite"
    path.write_bytes(packed.ljust(1 << 20, b"\0") + values)
    found = io_adapter.load(ModelFile(path)).buffers[model.buffers.index(largest)]
    assert bytes(found.data) == values


def test_head_and_folder_choose_the_file(tmp_path):
    run = tmp_path / "run"
    (run / "export").mkdir(parents=True)
    for file in zoo.resolve("zoo:base").parent.glob("ferplus_int8.*"):
        shutil.copy(file, run / "export")
    done = export(run, "--head", "ferplus", "--out", tmp_path / "f.tflite", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["files"] == [str(tmp_path / "f.tflite")] and told["io"] == "uint8"
    content = (tmp_path / "f.tflite").read_bytes()
    assert model_content.read_labels(content, tmp_path) == FERPLUS
    assert card.read(tmp_path / "f.tflite")["head"] == "ferplus"

    refused = export(run, "--out", tmp_path)
    assert refused.exit_code == 2
    assert "has no fer2013_int8.tflite: it holds ferplus_int8.tflite" in refused.stderr


def with_normalization(path, mean, std):
    """The shipped float net, whose pixels must be normalized outside by mean and std."""
    content = metadata.attach(
        io_adapter.load(ModelFile(zoo.resolve("zoo:base/fer2013_float32"))),
        name="net",
        description="A net",
        labels=FER2013,
        mean=mean,
        std=std,
        color="gray",
    )
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("io", ["float32", "uint8"])
@pytest.mark.parametrize("color", ["gray", "rgb"])
def test_the_normalization_of_the_metadata_goes_into_the_graph(tmp_path, faces, color, io):
    source = with_normalization(tmp_path / "net.tflite", 10.0, 0.5)
    out = tmp_path / "raw.tflite"
    done = export(source, "--input", color, "--io", io, "--out", out)
    assert done.exit_code == 0, done.output
    normalization = ModelFile(out).normalization.for_channels(1 if color == "gray" else 3, out)
    assert set(normalization.mean) == {0.0} and set(normalization.std) == {1.0}
    faces = faces[:20] // 4 + 60
    shown = faces if color == "gray" else np.repeat(faces[..., np.newaxis], 3, axis=-1)
    expected = np.stack([Classifier(source)(face).copy() for face in faces])
    assert np.abs(answers(out, shown) - expected).max() < (0.005 if io == "uint8" else 1e-4)


def test_normalization_that_cannot_be_kept_and_broken_weights_are_refused(tmp_path):
    model = io_adapter.load(ModelFile(zoo.resolve("zoo:base/fer2013_float32")))
    largest = max((b for b in model.buffers if b.data is not None), key=lambda b: len(b.data))
    largest.data = np.full(len(largest.data) // 4, np.nan, np.float32).view(np.uint8)
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(
        metadata.attach(model, name="net", description="A net", labels=FER2013, mean=0.0, std=1.0)
    )
    done = export(broken, "--out", tmp_path / "new.tflite")
    assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1
    assert "holds values that are not finite" in done.stderr
    assert not (tmp_path / "new.tflite").exists()


def test_a_file_without_a_card_gets_one_that_says_what_is_known(tmp_path):
    lone = tmp_path / "lone.tflite"
    shutil.copy(zoo.resolve("zoo:base"), lone)
    assert export(lone, "--out", tmp_path / "new.tflite").exit_code == 0
    found = card.read(tmp_path / "new.tflite")
    assert found["parent_sha256"] == card.sha256(lone)
    assert found["head"] is None and found["recipe"] is None and found["labels"] == list(FER2013)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["none.tflite"], "none.tflite: no such model file"),
        (["zoo:base", "--precision", "ptq"], "no model zoo:base/fer2013_ptq: there are"),
        (["zoo:base/ferplus_int8", "--head", "fer2013"], "is one head in one precision already"),
        (["zoo:base", "--out", "model.onnx"], "give a folder, or a name that ends in .tflite"),
        (["text.tflite"], "is not a .tflite file"),
        (["model.tflite", "--out", "model.tflite"], "would replace model.tflite"),
        (["model.tflite", "--format", "c", "--out", "model.cc"], "would replace model.tflite"),
        (["gray.tflite", "--input", "rgb"], "export starts from int8 or float32"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    tmp_path, monkeypatch, exported, arguments, complaint
):
    monkeypatch.chdir(tmp_path)
    Path("text.tflite").write_text("no model at all")
    shutil.copy(zoo.resolve("zoo:base"), "model.tflite")
    shutil.copy(exported("int8", "gray", "uint8"), "gray.tflite")
    done = export(*arguments)
    assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1
    assert complaint in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "gray.tflite",
        "model.tflite",
        "text.tflite",
    ]


def test_the_c_array_is_the_model_byte_for_byte(tmp_path):
    done = export("zoo:base", "--format", "c", "--out", tmp_path / "my-model.cc")
    assert done.exit_code == 0, done.output
    assert "arena: not measured" in done.stdout
    header, source = (tmp_path / f"my-model.{kind}" for kind in ("h", "cc"))
    values = re.search(r"my_model\[\] = \{(.*?)\};", source.read_text(), re.DOTALL)[1]
    content = bytes(int(value, 16) for value in values.replace(",", " ").split())
    path = tmp_path / "again.tflite"
    path.write_bytes(content)
    found = Classifier(path)
    assert found.labels == FER2013 and found.input_details.zero_point == 0
    told = header.read_text()
    assert hashlib.sha256(content).hexdigest() in told
    assert json.loads((tmp_path / "my-model.card.json").read_text())["bytes"] == len(content)
    for line in (
        "constexpr float my_model_input_scale = 0.0078125f;",
        "constexpr int my_model_output_zero_point = -128;",
        "// Tensor arena: not measured",
        "AddConv2D, AddDepthwiseConv2D",
    ):
        assert line in told


@pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler")
def test_a_compiler_takes_the_c_array(tmp_path):
    assert export("zoo:base", "--format", "c", "--out", tmp_path / "model.cc").exit_code == 0
    main = tmp_path / "main.cc"
    main.write_text(
        '#include <cstdint>\n#include <cstdio>\n#include "model.h"\n'
        'int main() { std::printf("%s %d %u", model_labels[3],'
        " int(reinterpret_cast<std::uintptr_t>(model) % 16), model_size); }\n"
    )
    command = ["c++", "-std=c++17", "-Wall", "-Werror", "-o", "main", "main.cc", "model.cc"]
    subprocess.run(command, cwd=tmp_path, check=True)
    told = subprocess.run([tmp_path / "main"], check=True, capture_output=True, text=True).stdout
    size = json.loads((tmp_path / "model.card.json").read_text())["bytes"]
    assert told == f"happy 0 {size}"


@pytest.mark.skipif(MICRO is None, reason="no FER_EDGE_TFLITE_MICRO_PYTHON: make environments")
@pytest.mark.parametrize(
    ("precision", "color", "io"),
    [
        *(("int8", color, io) for color in io_types.COLORS for io in io_types.IOS),
        ("float32", "rgb", "uint8"),
        ("float32", "gray", "float32"),
    ],
)
def test_tflite_micro_answers_as_the_reference_kernels(tmp_path, precision, color, io):
    done = export("zoo:base", "--format", "c", "--out", tmp_path, "--tflite-micro", MICRO, "--json",
                  "--precision", precision, "--input", color, "--io", io)  # fmt: skip
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    found = told["tflite_micro"]
    assert found["n"] == 21 and found["disagreements"] == 0
    assert found["max_difference"] <= (0 if precision == "int8" else 1.01 / 256)
    # The widest layer with its input, and no more than some per tensor and channel beside.
    assert 80_000 < found["arena_bytes"] < 500_000
    header = next(tmp_path.glob("*.h")).read_text()
    assert f"_arena_bytes = {found['arena_bytes']};" in header


def test_a_python_without_tflite_micro_is_told(tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho \"ModuleNotFoundError: No module named 'x'\" >&2\nexit 1\n")
    python.chmod(0o755)
    for each, complaint in ((python, "No module named"), (tmp_path / "none", "cannot be started")):
        done = export("--format", "c", "--out", tmp_path / "out", "--tflite-micro", each)
        assert done.exit_code == 2 and complaint in done.stderr
        assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    """The face of a real portrait as an image of 48x48 pixels, and unscaled."""
    data = pytest.importorskip("skimage.data")
    picture = np.ascontiguousarray(data.astronaut()[66:165, 176:275, ::-1])
    folder = tmp_path_factory.mktemp("crops")
    small = cv2.resize(picture, (48, 48), interpolation=cv2.INTER_AREA)
    image_file.write(folder / "small.png", small)
    image_file.write(folder / "large.png", picture)
    return folder / "small.png", folder / "large.png"


@pytest.mark.skipif(MEDIAPIPE is None, reason="no FER_EDGE_MEDIAPIPE_PYTHON: make environments")
@pytest.mark.parametrize("precision", ["int8", "float32"])
@pytest.mark.parametrize("io", ["uint8", "float32"])
def test_mediapipe_gives_a_real_face_the_runners_answer(exported, crops, precision, io):
    command = [MEDIAPIPE, "-c", CLASSIFY, exported(precision, "rgb", io), *crops]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    small, large = map(json.loads, done.stdout.splitlines())
    ours = Classifier(zoo.resolve(f"zoo:base/fer2013_{precision}"))
    wanted = dict(zip(ours.labels, ours(gray(image_file.read(crops[0]))).tolist(), strict=True))
    assert max(wanted, key=wanted.get) == max(small, key=small.get) == "happy"
    assert max(large, key=large.get) == "happy"
    assert set(small) == set(FER2013)
    for label, probability in wanted.items():
        assert small[label] == pytest.approx(probability, abs=2.01 / 256)


@pytest.mark.skipif(MEDIAPIPE is None, reason="no FER_EDGE_MEDIAPIPE_PYTHON: make environments")
@pytest.mark.parametrize(
    ("color", "io", "space", "mean"),
    [("rgb", "uint8", 1, 128), ("rgb", "float32", 1, 0), ("gray", "uint8", 2, 128)],
)
def test_the_standards_own_reader_finds_colors_and_normalization(exported, color, io, space, mean):
    path = exported("int8", color, io)
    done = subprocess.run([MEDIAPIPE, "-c", METADATA, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [path.stem, space, [mean], [mean or 1]]


def test_nothing_is_written_over_without_force(tmp_path):
    out = tmp_path / "mine.tflite"
    out.write_bytes(b"a user's own")
    refused = export("zoo:nano", "--out", out)
    assert refused.exit_code == 2 and "mine.tflite: exists already" in refused.stderr
    assert out.read_bytes() == b"a user's own"
    assert export("zoo:nano", "--out", out, "--force").exit_code == 0
    assert model_content.read(out)
    (tmp_path / "net.h").write_text("a user's own")
    refused = export("zoo:nano", "--format", "c", "--out", tmp_path / "net.cc")
    assert refused.exit_code == 2 and "net.h: exists already" in refused.stderr


def test_an_ending_in_capitals_is_a_model_and_stays_as_given(tmp_path):
    source = tmp_path / "fer2013_int8.TFLITE"
    source.write_bytes(zoo.resolve("zoo:nano").read_bytes())
    out = tmp_path / "out" / "mine.TFLITE"
    assert export(tmp_path, "--out", out).exit_code == 0
    assert out.is_file() and (out.parent / "mine.card.json").is_file()


def test_an_old_spelling_of_an_option_is_read_with_a_warning(tmp_path):
    done = export("zoo:nano", "--input", "grey", "--out", tmp_path)
    assert done.exit_code == 0 and "grey is now spelled gray" in done.stderr
    assert (tmp_path / "fer2013_int8_gray_uint8.tflite").is_file()
