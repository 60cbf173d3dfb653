"""A `.tflite` model that classifies 48x48 gray faces, with reused buffers."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.geometry import FACE_SIZE
from device.model.file import ModelFile
from device.model.input_table import TensorDetails, input_table
from device.model.runtime import RESOLVERS, Resolver, Runtime, build, find_runtime

MAX_THREADS = 64
"""Maximum number of kernel threads; a runtime hangs if it is asked for 100,000."""

_INPUT_SHAPE = (1, FACE_SIZE, FACE_SIZE, 1)
_DTYPES = (np.dtype(np.int8), np.dtype(np.uint8), np.dtype(np.float32))
_PIXELS = np.arange(256)
_TOLERANCE = 0.01  # by which rounding can move a probability out of 0..1


class Classifier:
    """A model file in an interpreter that is created once and reused for every face.

    Pixels are normalized according to the file's metadata, see `device.model.input_table`. The
    models of fer-edge take the pixel value (float32, uint8) or pixel - 128 (int8).

    Attributes:
        path: path of the model file.
        runtime: name and version of the runtime package.
        labels: classes in the order of the output, from the file's metadata.
        parts: classes of the second output, the hidden part of the face; empty without one.
        precision: dtype of the input, "int8", "uint8" or "float32" (also for float16 and dynamic
            range files, whose inputs are float32).
        delegated: whether the XNNPACK delegate runs the graph.
        takes_pixels: whether the input is the pixel value, or pixel - 128 for int8.
        input_details: dtype, scale and zero point of the input.
        output_details: dtype, scale and zero point of the output.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | ModelFile,
        *,
        threads: int = 1,
        resolver: Resolver = "xnnpack",
        runtime: Runtime | None = None,
        keep_tensors: bool = False,
        weights: npt.NDArray[np.float32] | None = None,
    ) -> None:
        """Load and check a model.

        Args:
            path: a `.tflite` file with input [1, 48, 48, 1], one output [1, labels] and an
                associated file `labels.txt`, and maybe a second output [1, parts] with a file
                `occlusion.txt`; or an already parsed file.
            threads: number of kernel threads, 1 to `MAX_THREADS`; for nets this small more than one
                rarely helps.
            resolver: "xnnpack" is the default on devices; "builtin" uses TensorFlow Lite's own
                kernels without a delegate; "reference" its slow, portable reference kernels.
            runtime: runtime to use instead of the installed one, for comparisons.
            keep_tensors: whether `tensor` can read intermediate tensors; not with "xnnpack", which
                does not expose them.
            weights: factors of the probabilities, float32 [labels]; the products are normalized;
                see `device.model.prior`. None for no correction.

        Raises:
            InputError: the file is missing, not a `.tflite`, damaged, of another shape, or has no
                labels; or an option is out of range.
        """
        if not 1 <= threads <= MAX_THREADS:
            raise InputError(f"threads is {threads}: give 1 to {MAX_THREADS}")
        if resolver not in RESOLVERS:
            raise InputError(f"resolver {resolver!r}: give one of {', '.join(RESOLVERS)}")
        runtime = runtime or find_runtime()
        file = path if isinstance(path, ModelFile) else ModelFile(path)
        self.path = file.path
        self.runtime = runtime.name
        self.labels = file.labels
        self.parts = file.parts
        normalization = file.normalization
        _ = file.graph  # a runtime does not check the structure: damage would crash the process
        self._interpreter, inputs, outputs, self.delegated = build(
            file.content, self.path, threads, resolver, runtime, keep_tensors
        )

        source = _only(inputs, "input", self.path)
        if self.parts:
            if len(outputs) != 2:
                raise InputError(f"{self.path} names hidden parts without a second output")
            outputs, other = outputs[:1], outputs[1]
            _check_output(other, len(self.parts), self.path)
            self._parts_details = _details(other, "output", self.path)
            self._parts_view = self._interpreter.tensor(other["index"])
        sink = _only(outputs, "output", self.path)
        _check_input(source, self.path)
        _check_output(sink, len(self.labels), self.path)
        self.input_details = _details(source, "input", self.path)
        self.output_details = _details(sink, "output", self.path)
        table = input_table(self.input_details, normalization, self.path)
        self.precision = self.input_details.dtype.name

        self._input_index = source["index"]
        self._input = np.zeros(_INPUT_SHAPE, self.input_details.dtype)
        self._values = self._input[0, :, :, 0]
        # The common tables need no look-up: flipping the top bit of a byte is pixel - 128 in two's
        # complement.
        self._flips = table.dtype == np.int8 and np.array_equal(table, _PIXELS - 128)
        self.takes_pixels = self._flips or np.array_equal(table, _PIXELS)
        self._table = None if self.takes_pixels else table
        self._output_view = self._interpreter.tensor(sink["index"])
        self._probabilities = np.zeros(len(self.labels), np.float32)
        self._weights = weights

    def __call__(self, face: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Classify one face.

        Args:
            face: gray face, uint8 [48, 48], raw pixels 0..255.

        Returns:
            Probabilities 0..1, float32 [labels], in the order of `labels`; overwritten by the next
            call, so copy them to keep them. Those of an int8 model sum to 1 only up to rounding.

        Raises:
            ValueError: the face has another shape or dtype.
            InputError: a kernel fails, or the output is not a probability distribution.
        """
        self.set_input(face)
        self.invoke()
        return self.probabilities()

    def set_input(self, face: npt.NDArray[np.uint8]) -> None:
        """Set the input to a face, uint8 [48, 48]; raises ValueError for another shape or dtype."""
        if face.shape != (FACE_SIZE, FACE_SIZE) or face.dtype != np.uint8:
            raise ValueError(
                f"a face is uint8 [{FACE_SIZE}, {FACE_SIZE}], not {face.dtype} {list(face.shape)}"
            )
        if self._flips:
            np.bitwise_xor(face, np.uint8(0x80), out=self._values.view(np.uint8))
        elif self._table is None:
            self._values[:] = face
        else:
            np.take(self._table, face, out=self._values, mode="clip")
        try:
            self._interpreter.set_tensor(self._input_index, self._input)
        except ValueError as error:  # an input without memory, as in a graph that does not use it
            raise InputError(
                f"{self.path} takes no input in {self.runtime}: it is damaged; export it again"
            ) from error

    def invoke(self) -> None:
        """Run the net on the face that was set last; raises InputError if a kernel fails."""
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise InputError(f"{self.path} cannot be run by {self.runtime}: {error}") from error

    def tensor(self, index: int) -> npt.NDArray[Any]:
        """Copy a tensor of the last run, as stored; needs `keep_tensors`."""
        return cast(npt.NDArray[Any], self._interpreter.get_tensor(index))

    def probabilities(self) -> npt.NDArray[np.float32]:
        """The dequantized output of the last run, float32 [labels], in a buffer that is reused.

        Raises:
            InputError: a value is not finite or not a probability 0..1, or all are 0.
        """
        out = self._probabilities
        self._dequantize(self._output_view, self.output_details, out)
        if self._weights is not None:
            np.maximum(out, 0.0, out=out)
            out *= self._weights
            out /= out.sum()
        return out

    def hidden(self) -> npt.NDArray[np.float32]:
        """The probability of each hidden part in the last run, float32 [parts], in a new buffer.

        Raises:
            InputError: as `probabilities`; or the model has no such output.
        """
        if not self.parts:
            raise InputError(f"{self.path} does not find the hidden part of a face")
        out = np.zeros(len(self.parts), np.float32)
        self._dequantize(self._parts_view, self._parts_details, out)
        return out

    def _dequantize(
        self,
        view: Callable[[], npt.NDArray[Any]],
        details: TensorDetails,
        out: npt.NDArray[np.float32],
    ) -> None:
        """Read a distribution from an output into a buffer."""
        try:
            # The view must not outlive this call: the interpreter refuses to run while one exists.
            out[:] = view()[0]
        except ValueError as error:  # a kernel that changed the size of its output, or made none
            raise InputError(
                f"{self.path} gives no output in {self.runtime}: it is damaged; export it again"
            ) from error
        if details.scale:
            out -= details.zero_point
            out *= details.scale
        low, high = out.min(), out.max()  # NaN if a value is NaN: then no comparison is true
        if not (low >= -_TOLERANCE and 0 < high <= 1 + _TOLERANCE):
            raise InputError(
                f"{self.path} outputs {_listed(out)} for a face, which are not probabilities: its "
                "weights or its last layer (softmax) are damaged; export it again"
            )


def _only(tensors: list[dict[str, Any]], role: str, path: Path) -> dict[str, Any]:
    if len(tensors) != 1:
        raise InputError(f"{path} has {len(tensors)} {role}s: fer-edge runs models with one")
    return tensors[0]


def _details(tensor: dict[str, Any], role: str, path: Path) -> TensorDetails:
    dtype = np.dtype(tensor["dtype"])
    if dtype not in _DTYPES:
        raise InputError(f"{path}: its {role} is {dtype}: int8, uint8 or float32 is supported")
    scale, zero_point = tensor["quantization"]
    if dtype != np.float32 and not scale > 0:
        raise InputError(f"{path}: its {dtype} {role} has no scale and zero point")
    if dtype == np.float32:
        return TensorDetails(dtype, 0.0, 0)
    return TensorDetails(dtype, float(scale), int(zero_point))


def _check_input(source: dict[str, Any], path: Path) -> None:
    shape = tuple(int(size) for size in source["shape"])
    if shape != _INPUT_SHAPE:
        raise InputError(
            f"{path} takes input {list(shape)}: fer-edge runs models of {list(_INPUT_SHAPE)}"
        )


def _check_output(sink: dict[str, Any], labels: int, path: Path) -> None:
    shape = tuple(int(size) for size in sink["shape"])
    if shape != (1, labels):
        raise InputError(
            f"{path} gives output {list(shape)} but names {labels} labels: export it again"
        )


def _listed(values: npt.NDArray[np.float32]) -> str:
    shown = ", ".join(f"{value:.4g}" for value in values[:4].tolist())
    return f"{shown}, …" if len(values) > 4 else shown
