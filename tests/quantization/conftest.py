"""Two small nets for compression, converted once per session (a conversion takes 5 s)."""

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.labels import FER2013, FERPLUS
from fer_edge.data.dataset import SPLITS, Dataset
from quantization.normalization import Normalization
from quantization.pruning.magnitude import prune, strip
from quantization.qat.quantize_aware import calibrate, quantize_aware
from quantization.tflite.convert import to_tflite

SPARSITY = 0.6
BATCH = 32


@dataclass(frozen=True)
class Net:
    """A float net, the nets derived from it, and the files converted from these."""

    normalization: Normalization
    parent: Any
    pruned: Any
    quantized: Any
    folder: Path

    def file(self, precision: str, head: str = "fer2013") -> Path:
        return self.folder / f"{head}_{precision}.tflite"


def mobile_net() -> Any:
    """A net with every kind of layer in the MobileNet family and two heads."""
    import tf_keras as keras

    layers = keras.layers

    def normed(x: Any, name: str, relu: bool = True) -> Any:
        x = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
        return layers.ReLU(6.0, name=f"{name}_relu")(x) if relu else x

    def conv(x: Any, filters: int, kernel: int, stride: int, name: str, relu: bool = True) -> Any:
        x = layers.Conv2D(
            filters, kernel, stride, padding="same", use_bias=False, name=f"{name}_conv"
        )(x)
        return normed(x, name, relu)

    def depthwise(x: Any, stride: int, name: str) -> Any:
        x = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False, name=f"{name}_dw")(x)
        return normed(x, f"{name}_dw")

    keras.utils.set_random_seed(1)
    pixels = keras.Input((48, 48, 1), name="pixels")
    x = conv(pixels, 8, 3, 2, "stem")
    x = conv(depthwise(x, 2, "separable"), 16, 1, 1, "separable", relu=False)
    y = conv(x, 32, 1, 1, "expand")
    y = conv(depthwise(y, 1, "residual"), 16, 1, 1, "project", relu=False)
    x = conv(layers.Add(name="add")([x, y]), 32, 1, 1, "features")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(0.1, seed=1, force_generator=True, name="dropout")(x)
    heads = [layers.Dense(7, name="fer2013")(x), layers.Dense(8, name="ferplus")(x)]
    return keras.Model(pixels, heads, name="mobile")


def paper_net() -> Any:
    """3x3 convolutions, max pooling and dense layers, no BatchNorm, one head."""
    import tf_keras as keras

    layers = keras.layers
    keras.utils.set_random_seed(2)
    x = pixels = keras.Input((48, 48, 1), name="pixels")
    for filters in (4, 8, 16):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{filters}")(x)
        x = layers.MaxPooling2D(2, name=f"pool{filters}")(x)
    x = layers.Dense(32, activation="relu", name="dense32")(layers.Flatten(name="flatten")(x))
    return keras.Model(pixels, layers.Dense(7, name="fer2013")(x), name="paper")


def train(
    model: Any,
    normalization: Normalization,
    images: np.ndarray,
    classes: np.ndarray,
    steps: int,
    before_step: Callable[[int], None] = lambda step: None,
    first: int = 0,
    optimizer: Any = None,
) -> None:
    """The project's training loop in minimal form: a graph of one step, called in order."""
    import tensorflow as tf
    import tf_keras as keras

    optimizer = optimizer or keras.optimizers.Adam(2e-3)

    @tf.function
    def step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            outputs = model(x, training=True)
            outputs = outputs if isinstance(outputs, list) else [outputs]
            loss = tf.add_n(
                [
                    tf.reduce_mean(
                        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
                    )
                    for logits in outputs
                ]
            )
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    for i in range(first, steps):
        rows = np.arange(i * BATCH, (i + 1) * BATCH) % len(images)
        before_step(i)
        step(normalization.apply(images[rows]), classes[rows])


@pytest.fixture(scope="session")
def training() -> Callable[..., None]:
    """The training loop, for tests that train."""
    return train


@pytest.fixture
def float_paper() -> Any:
    """A new, untrained small version of the paper's CNN."""
    return paper_net()


@pytest.fixture(scope="session")
def classes() -> np.ndarray:
    """The class of each image, 0 to 6."""
    return np.arange(256) % 7


@pytest.fixture(scope="session")
def images(classes: np.ndarray) -> np.ndarray:
    """Images with as many stripes as the class number, with noise: learned in a few steps."""
    rng = np.random.default_rng(3)
    phase = rng.uniform(0, 2 * np.pi, (len(classes), 1, 1))
    rows = np.arange(48)[np.newaxis, :, np.newaxis]
    waves = np.sin(rows * (classes[:, np.newaxis, np.newaxis] + 1) * 2 * np.pi / 24 + phase)
    noise = rng.normal(0, 15, (len(classes), 48, 48))
    return np.clip(128 + 90 * waves + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def stripes(images, classes, tmp_path_factory) -> Callable[[str], Path]:
    """Write the stripes as data with a single split."""

    def write(split: str) -> Path:
        path = tmp_path_factory.mktemp("data") / "stripes.npz"
        Dataset(
            images=images,
            labels=classes.astype(np.int16),
            split=np.full(len(images), SPLITS.index(split), np.uint8),
            votes=np.zeros((len(images), 10), np.uint8),
            names=np.array([f"stripes:{i}" for i in range(len(images))]),
            label_names=FER2013,
            provenance={"name": "stripes", "synthetic": True},
        ).save(path)
        return path

    return write


@pytest.fixture(scope="session")
def mobile(images, classes, tmp_path_factory) -> Net:
    """The small MobileNet: trained, pruned, stripped, trained for int8; the files of both heads."""
    normalization = Normalization(128.0, 128.0)
    parent = mobile_net()
    train(parent, normalization, images, classes, steps=60)
    wrapped, hook = prune(parent, sparsity=SPARSITY, begin_step=3, end_step=30, frequency=5)
    train(wrapped, normalization, images, classes, 40, before_step=hook.before_step)
    pruned = strip(wrapped)
    quantized = quantize_aware(pruned, normalization=normalization, keep_zeros=True)
    calibrate(quantized, images, normalization=normalization)
    train(quantized, normalization, images, classes, steps=20)
    net = Net(normalization, parent, pruned, quantized, tmp_path_factory.mktemp("mobile"))
    for precision in ("float32", "ptq"):
        _convert(net, pruned, "fer2013", FER2013, precision, images)
    _convert(net, quantized, "fer2013", FER2013, "int8", images)
    _convert(net, quantized, "ferplus", FERPLUS, "int8", images)
    return net


@pytest.fixture(scope="session")
def paper(images, classes, tmp_path_factory) -> Net:
    """The small version of the paper's CNN, trained for int8 without pruning: four of its files."""
    normalization = Normalization(0.0, 255.0)
    parent = paper_net()
    train(parent, normalization, images, classes, steps=60)
    quantized = quantize_aware(parent, normalization=normalization, keep_zeros=False)
    calibrate(quantized, images, normalization=normalization)
    train(quantized, normalization, images, classes, steps=20)
    net = Net(normalization, parent, parent, quantized, tmp_path_factory.mktemp("paper"))
    for precision in ("float16", "dynamic", "ptq"):
        _convert(net, parent, "fer2013", FER2013, precision, images)
    _convert(net, quantized, "fer2013", FER2013, "int8", images)
    return net


def _convert(net: Net, model: Any, head: str, labels: Any, precision: Any, images: Any) -> None:
    to_tflite(
        model,
        net.file(precision, head),
        head=head,
        labels=labels,
        precision=precision,
        normalization=net.normalization,
        calibration=images,
    )
