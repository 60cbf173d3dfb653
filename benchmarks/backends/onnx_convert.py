"""Convert a `.tflite` file to ONNX, in a process that `onnx_runtime` starts."""

import tempfile
from pathlib import Path

OPSET = 17


def main(source: str, target: str) -> None:
    """Convert with tf2onnx.

    tf2onnx identifies tensors by name, and names in a `.tflite` file need not be unique, so each
    tensor is given a unique name first.

    Args:
        source: path of the `.tflite` file.
        target: path of the ONNX file.
    """
    import flatbuffers
    import tf2onnx
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(Path(source).read_bytes()))
    for graph in model.subgraphs:
        for index, tensor in enumerate(graph.tensors):
            tensor.name = f"tensor{index}"
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    with tempfile.TemporaryDirectory() as folder:
        renamed = Path(folder) / "model.tflite"
        renamed.write_bytes(builder.Output())
        tf2onnx.convert.from_tflite(str(renamed), opset=OPSET, output_path=target)
