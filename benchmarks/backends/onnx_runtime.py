"""A `.tflite` classifier in ONNX Runtime, for comparison."""

import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.backends.bootstrap import BOOTSTRAP
from device.errors import InputError
from device.geometry import FACE_SIZE
from device.model.file import ModelFile
from device.model.input_table import TensorDetails, input_table
from device.model.tensor import Tensor


class OnnxClassifier:
    """Classifier with the interface of `Classifier`; needs onnxruntime, tf2onnx and TensorFlow.

    tf2onnx converts an int8 operator to a float one between DequantizeLinear and QuantizeLinear,
    which ONNX Runtime fuses to an int8 kernel if it has one.

    Attributes:
        labels: labels that the file names.
        precision: dtype of the input.
        runtime: name and version of ONNX Runtime.
        delegated: False, as there is no delegate.
    """

    delegated = False

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        """Convert and load a model.

        Args:
            path: `.tflite` file.
            threads: number of threads of the kernels.

        Raises:
            InputError: tf2onnx cannot convert the file.
        """
        import onnxruntime

        file = ModelFile(path)
        self.labels = file.labels
        self.runtime = f"onnxruntime {version('onnxruntime')}"
        model = file.graph
        source, sink = model.tensors[model.inputs[0]], model.tensors[model.outputs[0]]
        self.precision = source.dtype
        self._pixels = np.zeros((1, FACE_SIZE, FACE_SIZE, 1), self.precision)
        self._table = input_table(_details(source), file.normalization, path)
        self._scale, self._zero_point = 0.0, 0
        if sink.quantization is not None:
            self._scale = float(sink.quantization.scales[0])
            self._zero_point = int(sink.quantization.zero_points[0])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # errors
        self._session = onnxruntime.InferenceSession(
            _convert(path), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def __call__(self, face: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Classify one face.

        Args:
            face: uint8 [48, 48], gray 0..255.

        Returns:
            float32 [labels], probabilities.
        """
        np.take(self._table, face, out=self._pixels[0, :, :, 0], mode="clip")
        output = self._session.run(None, {self._input: self._pixels})[0][0]
        probabilities: npt.NDArray[np.float32] = output.astype(np.float32)
        if self._scale:
            probabilities = (probabilities - self._zero_point) * np.float32(self._scale)
        return probabilities


def _details(tensor: Tensor) -> TensorDetails:
    found = tensor.quantization
    scale, zero_point = (found.scales[0], found.zero_points[0]) if found else (0.0, 0)
    return TensorDetails(np.dtype(tensor.dtype), float(scale), int(zero_point))


def _convert(path: Path) -> bytes:
    """Convert in a separate process, so that memory and threads of TensorFlow do not stay."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "model.onnx"
        command = [sys.executable, "-P", str(BOOTSTRAP), "benchmarks.backends.onnx_convert"]
        done = subprocess.run(
            [*command, str(path), str(output)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode or not output.is_file():
            reason = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise InputError(f"{path} cannot be converted to ONNX by tf2onnx: {reason[-1]}")
        return output.read_bytes()
