"""A `.tflite` net that runs step by step: values and a state in, values and the next state out."""

from typing import Any

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.model.file import ModelFile
from device.model.runtime import build

State = npt.NDArray[np.int8]
"""The state between two steps as the net takes it; one for each utterance or track."""


class StatefulNet:
    """An int8 net with two inputs, values and state, and two outputs, logits and next state.

    The order of tensors depends on the converter, so they are identified by their shapes: the
    output with as many elements as there are labels is the logits.

    Attributes:
        labels: classes in the order of the output, from the file's metadata.
        units: number of elements of the state.
    """

    def __init__(
        self, file: ModelFile, values: tuple[int, ...], *, kind: str, made_by: str, threads: int = 1
    ) -> None:
        """Load and check a model.

        Args:
            file: model file.
            values: required shape of the values, without the batch of 1.
            kind: kind of model for messages, such as "speech model".
            made_by: command that makes such models.
            threads: number of kernel threads.

        Raises:
            InputError: the file is missing or damaged, or has other tensors.
        """
        self._path = file.path
        self.labels = file.labels
        _ = file.graph  # validates the file: a damaged one would crash the runtime
        self._interpreter, inputs, outputs, _ = build(file.content, file.path, threads)
        for tensors, role in ((inputs, "inputs"), (outputs, "outputs")):
            if len(tensors) != 2:
                raise InputError(
                    f"{file.path} is not a {kind}: it has {len(tensors)} {role} instead of 2; use "
                    f"a file made by {made_by}"
                )
        wanted = (1, *values)
        self._values, self._state = sorted(inputs, key=lambda tensor: _shape(tensor) != wanted)
        self._logits, self._next = sorted(
            outputs, key=lambda tensor: _shape(tensor)[-1] != len(self.labels)
        )
        self.units = _shape(self._state)[-1]
        used = (self._values, self._state, self._logits, self._next)
        found = [_shape(tensor) for tensor in used]
        state = (1, self.units)
        if found != [wanted, state, (1, len(self.labels)), state] or any(
            tensor["dtype"] != np.int8 for tensor in used
        ):
            raise InputError(
                f"{file.path} is not an int8 {kind} (its tensors are {found}): use a file made by "
                f"{made_by}"
            )
        self._same_scale = self._next["quantization"] == self._state["quantization"]

    def begin(self) -> State:
        """Return the state before the first step."""
        return _quantize(np.zeros((1, self.units), np.float32), self._state)

    def step(
        self, values: npt.NDArray[np.float32], state: State
    ) -> tuple[npt.NDArray[np.float32], State]:
        """Run one step.

        Args:
            values: float32 of the required shape.
            state: state before the step.

        Returns:
            Logits, float32 [labels], and the next state; both new arrays.

        Raises:
            InputError: a kernel fails.
        """
        net = self._interpreter
        net.set_tensor(self._values["index"], _quantize(values, self._values)[np.newaxis])
        net.set_tensor(self._state["index"], state)
        try:
            net.invoke()
        except RuntimeError as error:
            raise InputError(f"{self._path} cannot be run: {error}; export it again") from error
        following = net.get_tensor(self._next["index"])
        if not self._same_scale:
            following = _quantize(_dequantize(following, self._next), self._state)
        logits = _dequantize(net.get_tensor(self._logits["index"])[0], self._logits)
        return logits, following


def softmax(logits: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
    """Convert logits [..., labels] to probabilities, float32."""
    exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=-1, keepdims=True), np.float32)


def _shape(tensor: dict[str, Any]) -> tuple[int, ...]:
    return tuple(int(size) for size in tensor["shape"])


def _quantize(values: npt.NDArray[np.float32], tensor: dict[str, Any]) -> npt.NDArray[np.int8]:
    scale, zero_point = tensor["quantization"]
    return np.clip(np.rint(values / scale) + zero_point, -128, 127).astype(np.int8)


def _dequantize(values: npt.NDArray[np.int8], tensor: dict[str, Any]) -> npt.NDArray[np.float32]:
    scale, zero_point = tensor["quantization"]
    return ((values.astype(np.float32) - zero_point) * scale).astype(np.float32)
