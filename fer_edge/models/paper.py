"""The small CNN that the project started from: three convolutions, two dense layers, softmax."""

from typing import Any, Literal

from pydantic import Field

from fer_edge.models.blocks import logits
from fer_edge.models.net import Head, NetSection


class Paper(NetSection):
    """The `[model]` section of the recipe `paper`, without options."""

    name: Literal["paper"] = Field(description="the kind of net")
    heads: tuple[Head, ...] = Field(
        default=("fer2013",),
        min_length=1,
        description="label sets that the net predicts, in the order of its outputs",
    )

    @property
    def normalization(self) -> tuple[float, float]:
        """Mean and standard deviation: pixels 0..255 become [0, 1]."""
        return 0.0, 255.0

    def build(
        self,
        labels: dict[str, int],
        *,
        dropout: bool = True,
        seed: int = 0,
        side: int | None = 48,
    ) -> Any:
        """Build the float net: convolutions of 32, 64 and 128 filters, dense 128 and 64.

        Args:
            labels: number of labels of each head, in the order of the outputs.
            dropout: ignored; the net has none.
            seed: RNG seed of the initial weights.
            side: ignored; the dense layers need 48.

        Returns:
            A Keras model from float32 `[n, 48, 48, 1]` in [0, 1] to one logits tensor per head.
        """
        import tf_keras as keras

        keras.utils.set_random_seed(seed)
        x = pixels = keras.Input((48, 48, 1), name="pixels")
        for filters in (32, 64, 128):
            x = keras.layers.Conv2D(
                filters, 3, padding="same", activation="relu", name=f"conv{filters}"
            )(x)
            x = keras.layers.MaxPooling2D(2, name=f"pool{filters}")(x)
        x = keras.layers.Flatten(name="flatten")(x)
        for units in (128, 64):
            x = keras.layers.Dense(units, activation="relu", name=f"dense{units}")(x)
        return keras.Model(pixels, logits(x, labels), name="paper")
