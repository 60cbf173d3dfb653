import importlib.util
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from device.model import graph
from fer_edge.cli.app import app
from quantization.verify.sqnr import compare, sqnr_db


def run(*arguments):
    return CliRunner(env={"COLUMNS": "140"}).invoke(app, ["quant-debug", *map(str, arguments)])


@pytest.fixture
def altered(mobile, tmp_path):
    """Make a copy of the PTQ file in which a view of its content was changed."""

    def alter(find, change):
        content = bytearray(mobile.file("ptq").read_bytes())
        view = np.asarray(find(graph.parse(bytes(content), "model")))
        at = bytes(content).index(view.tobytes())
        assert bytes(content).count(view.tobytes()) == 1
        content[at : at + view.nbytes] = change(view).astype(view.dtype).tobytes()
        path = tmp_path / "altered.tflite"
        path.write_bytes(content)
        return path

    return alter


def named(read, name):
    return next(o for o in read.operators if read.tensors[o.outputs[0]].name == name)


def layers(report):
    return {layer.name: layer for layer in report.layers}


def by_hand(path, name, images, offset, dtype):
    """A layer's output for each image, directly from LiteRT."""
    from ai_edge_litert import interpreter as litert

    interpreter = litert.Interpreter(
        str(path),
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    details = next(d for d in interpreter.get_tensor_details() if d["name"] == name)
    found = []
    for image in images:
        pixels = (image.astype(np.int16) + offset).astype(dtype)[np.newaxis, ..., np.newaxis]
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
        interpreter.invoke()
        found.append(interpreter.get_tensor(details["index"]))
    return np.concatenate(found), details["quantization"]


@pytest.mark.slow
def test_a_layers_figures_are_those_of_its_tensors(mobile, images):
    few = images[:5]
    report = compare(mobile.file("float32"), mobile.file("ptq"), few)
    layer = layers(report)["add"]
    wanted, _ = by_hand(mobile.file("float32"), "add", few, 0, np.float32)
    stored, (scale, zero_point) = by_hand(mobile.file("ptq"), "add", few, -128, np.int8)
    noise = wanted - (stored.astype(np.float32) - zero_point) * scale
    assert layer.sqnr_db == pytest.approx(10 * np.log10(np.sum(wanted**2) / np.sum(noise**2)), 1e-4)
    assert layer.saturated == np.mean((stored == -128) | (stored == 127))
    assert (layer.operator, layer.shape) == ("ADD", (1, 12, 12, 16))
    assert report.images == 5


@pytest.mark.slow
def test_every_layer_of_a_net_is_found_and_most_agree(mobile, images):
    report = compare(mobile.file("float32"), mobile.file("ptq"), images[:20])
    assert report.unmatched == ()
    assert len(report.layers) == len(graph.load(mobile.file("ptq")).operators)
    assert min(layer.sqnr_db for layer in report.layers) > 10
    ratios = [layer.sqnr_db for layer in report.ranked]
    assert ratios == sorted(ratios)
    # int8 weights with a scale for each channel: 40 dB and more.
    weights = [layer.weight_sqnr_db for layer in report.layers if layer.weight_sqnr_db is not None]
    assert len(weights) == 7 and min(weights) > 40


@pytest.mark.slow
def test_a_layer_with_spoilt_weights_is_where_it_hurts(mobile, images, altered):
    def weights(read):
        tensor = read.tensors[named(read, "expand_relu").inputs[1]]
        return np.frombuffer(tensor.values, np.int8)

    spoilt = altered(weights, lambda values: np.where(np.abs(values) > 60, values // 2, values))
    found = layers(compare(mobile.file("float32"), spoilt, images[:20]))
    losses = {name: layer.loss_db for name, layer in found.items() if layer.loss_db is not None}
    assert max(losses, key=losses.__getitem__) == "expand_relu"
    assert found["expand_relu"].weight_sqnr_db < 10 < found["separable_bn"].weight_sqnr_db


@pytest.mark.slow
def test_a_range_that_is_too_small_saturates(mobile, images, altered):
    def scale(read):
        return read.tensors[named(read, "features_relu").outputs[0]].quantization.scales

    clipped = altered(scale, lambda values: values / 8)
    found = layers(compare(mobile.file("float32"), clipped, images[:20]))
    whole = layers(compare(mobile.file("float32"), mobile.file("ptq"), images[:20]))
    assert found["features_relu"].saturated > 0.05 > whole["features_relu"].saturated
    assert found["features_relu"].sqnr_db < whole["features_relu"].sqnr_db - 5


@pytest.mark.slow
def test_the_command_gives_a_table_json_and_a_plot(mobile, tmp_path):
    files = mobile.file("float32"), mobile.file("int8")
    plot = tmp_path / "layers.png"
    ran = run(*files, "-n", 5, "--plot", plot)
    assert ran.exit_code == 0, ran.output
    assert "project_bn" in ran.output and "5 images" in ran.output
    assert plot.read_bytes().startswith(b"\x89PNG")

    again = run(*files, "-n", 5, "--plot", plot)
    assert again.exit_code == 2 and "--force" in again.stderr
    ran = run(*files, "-n", 5, "--plot", plot, "--force", "--json")
    assert ran.exit_code == 0, ran.output
    found = json.loads(ran.stdout)
    assert found["images"] == 5 and found["unmatched"] == []
    assert {"name", "sqnr_db", "loss_db", "saturated", "weight_sqnr_db"} <= set(found["layers"][0])


@pytest.mark.slow
def test_files_in_the_wrong_order_are_refused_in_one_line(mobile):
    ran = run(mobile.file("int8"), mobile.file("float32"), "-n", 1)
    assert ran.exit_code == 2
    assert "no quantized layer in common" in ran.stderr and ran.stderr.count("\n") == 1


def test_without_matplotlib_the_plot_says_what_to_install(tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "quantization.verify.sqnr_plot.find_spec",
        lambda name: None if name == "matplotlib" else find(name),
    )
    ran = run("a.tflite", "b.tflite", "--plot", tmp_path / "layers.png")
    assert ran.exit_code == 2 and "pip install 'fer-edge[plot]'" in ran.stderr


@given(st.floats(1e-6, 1e6), st.floats(-60, 60))
def test_decibels(signal, decibels):
    assert sqnr_db(signal, signal / 10 ** (decibels / 10)) == pytest.approx(decibels, abs=1e-6)


def test_decibels_without_noise_or_signal():
    assert sqnr_db(1.0, 0.0) == math.inf == sqnr_db(0.0, 0.0)
    assert sqnr_db(0.0, 1.0) == -math.inf
