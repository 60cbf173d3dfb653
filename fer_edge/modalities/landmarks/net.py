"""The net: a small MobileNet of separable convolutions, whose last map keeps its places."""

from typing import Any

from device.faces.points import COUNT
from fer_edge.modalities.landmarks.recipe import Net


def build(options: Net) -> Any:
    """Build the Keras model.

    Args:
        options: sizes.

    Returns:
        A `tf_keras.Model` from (pixel - 128) / 128, [batch, size, size, 1], to what the points
        differ from the mean face, [batch, 136].
    """
    from tf_keras import Input, Model, layers

    # Keras numbers unnamed layers per process, and the file has their names: the same net would
    # give other bytes the second time.
    def activate(x: Any, name: str) -> Any:
        x = layers.BatchNormalization(momentum=0.95, name=f"{name}_bn")(x)
        return layers.ReLU(6.0, name=f"{name}_relu")(x)

    def unit(x: Any, filters: int, kernel: int, name: str, strides: int = 1) -> Any:
        conv = layers.Conv2D(
            filters, kernel, strides, padding="same", use_bias=False, name=f"{name}_conv"
        )
        return activate(conv(x), name)

    def separable(x: Any, filters: int, name: str, strides: int = 1) -> Any:
        depthwise = layers.DepthwiseConv2D(
            3, strides, padding="same", use_bias=False, name=f"{name}_dw"
        )
        return unit(activate(depthwise(x), f"{name}_dw"), filters, 1, name)

    stem, *stages = options.filters
    face = Input((options.size, options.size, 1), name="face")
    x = unit(face, stem, 3, "stem", 2)
    x = separable(x, 2 * stem, "stem_separable")
    for i, filters in enumerate(stages):
        x = separable(x, filters, f"stage{i}_first", 2)
        x = separable(x, filters, f"stage{i}_second")
    x = unit(x, options.embedding, 1, "embedding")
    x = layers.Flatten(name="places")(x)
    return Model(face, layers.Dense(2 * COUNT, name="points")(x), name="landmarks")
