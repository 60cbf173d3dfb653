"""The precisions of a TFLite file."""

from typing import Literal, get_args

Precision = Literal["float32", "float16", "dynamic", "ptq", "int8"]
"""float32; float16 weights; int8 weights and float activations; int8 by post-training quantization
(PTQ); int8 by quantization-aware training (QAT)."""


PRECISIONS: tuple[Precision, ...] = get_args(Precision)


INTEGER: tuple[Precision, ...] = ("ptq", "int8")
"""The precisions whose input and output are int8."""
