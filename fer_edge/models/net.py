"""The common parts of the `[model]` sections of all nets."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, field_validator

from fer_edge.section import Section

Head = Literal["fer2013", "ferplus"]


class NetSection(Section):
    """The `[model]` section of a recipe; builds its net."""

    heads: tuple[Head, ...] = Field(
        default=("fer2013", "ferplus"),
        min_length=1,
        description="label sets that the net predicts, in the order of its outputs",
    )

    @field_validator("heads")
    @classmethod
    def _each_once(cls, heads: tuple[Head, ...]) -> tuple[Head, ...]:
        if len(set(heads)) < len(heads):
            raise ValueError("a head is given twice")
        return heads

    @property
    def normalization(self) -> tuple[float, float]:
        """Mean and standard deviation: pixels 0..255 become [-1, 127/128]."""
        return 128.0, 128.0

    @property
    def finds_occlusion(self) -> bool:
        """Whether the last output of the net is the hidden part of the face."""
        return False


def by_head(outputs: Any) -> list[Any]:
    """The outputs of a net as a list, one tensor per head; Keras returns a bare tensor for one."""
    return outputs if isinstance(outputs, list) else [outputs]


def select_heads(model: Any, heads: Sequence[str]) -> Any:
    """A model that shares all layers with `model` and has only the given heads, in order.

    Args:
        model: functional Keras model whose output layers are named after the heads.
        heads: names of heads of the model.
    """
    import tf_keras as keras

    return keras.Model(model.inputs, [model.get_layer(head).output for head in heads])
