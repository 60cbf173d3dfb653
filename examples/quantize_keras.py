"""Quantize any Keras classifier of 48x48 gray images to int8.

    python examples/quantize_keras.py

The network here has random weights; replace it with your own, for example `load_model("mine.h5")`.
Needs the extra `train`.
"""

import sys

import numpy as np
import tf_keras as keras

import fer_edge


def main(out: str = "mine_int8.tflite") -> None:
    """Build a network, calibrate it on images, and run the int8 file."""
    network = keras.Sequential(
        [
            keras.layers.Input((48, 48, 1)),
            keras.layers.Conv2D(8, 3, strides=2, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    pictures = np.random.default_rng(0).integers(0, 256, (100, 48, 48), dtype=np.uint8)
    made = fer_edge.quantize(network, out, pictures, labels=["calm", "tense"], mean=0, std=255)
    print(f"{made.path}: {made.bytes:,} bytes")
    print(fer_edge.load(made.path).classify(pictures[0]))


if __name__ == "__main__":
    main(*sys.argv[1:2])
