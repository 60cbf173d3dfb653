"""Names of TensorFlow Lite's operators and dtypes, and the multiply-adds of an operator."""

import math
from collections.abc import Callable, Sequence

_OPERATORS = """
ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE
EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D
LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6
RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL
CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND
SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE
BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST
PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN
TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW
ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK
REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR
LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS
WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE
NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM
BATCH_MATMUL PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG
REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL
CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL
BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD
UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2 UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR
RIGHT_SHIFT STABLEHLO_LOGISTIC STABLEHLO_ADD STABLEHLO_DIVIDE STABLEHLO_MULTIPLY STABLEHLO_MAXIMUM
STABLEHLO_RESHAPE STABLEHLO_CLAMP STABLEHLO_CONCATENATE STABLEHLO_BROADCAST_IN_DIM
STABLEHLO_CONVOLUTION STABLEHLO_SLICE STABLEHLO_CUSTOM_CALL STABLEHLO_REDUCE STABLEHLO_ABS
STABLEHLO_AND STABLEHLO_COSINE STABLEHLO_EXPONENTIAL STABLEHLO_FLOOR STABLEHLO_LOG
STABLEHLO_MINIMUM STABLEHLO_NEGATE STABLEHLO_OR STABLEHLO_POWER STABLEHLO_REMAINDER
STABLEHLO_RSQRT STABLEHLO_SELECT STABLEHLO_SUBTRACT STABLEHLO_TANH STABLEHLO_SCATTER
STABLEHLO_COMPARE STABLEHLO_CONVERT STABLEHLO_DYNAMIC_SLICE STABLEHLO_DYNAMIC_UPDATE_SLICE
STABLEHLO_PAD STABLEHLO_IOTA STABLEHLO_DOT_GENERAL STABLEHLO_REDUCE_WINDOW STABLEHLO_SORT
STABLEHLO_WHILE STABLEHLO_GATHER STABLEHLO_TRANSPOSE DILATE STABLEHLO_RNG_BIT_GENERATOR
REDUCE_WINDOW STABLEHLO_COMPOSITE STABLEHLO_SHIFT_LEFT STABLEHLO_CBRT STABLEHLO_CASE
"""
OPERATORS = tuple(_OPERATORS.split())
"""Operator names by number, as in the enum BuiltinOperator of `schema.fbs` (version 3a,
google-ai-edge/LiteRT)."""

DTYPES: tuple[tuple[str, int], ...] = (
    ("float32", 32),
    ("float16", 16),
    ("int32", 32),
    ("uint8", 8),
    ("int64", 64),
    ("string", 0),
    ("bool", 8),
    ("int16", 16),
    ("complex64", 64),
    ("int8", 8),
    ("float64", 64),
    ("complex128", 128),
    ("uint64", 64),
    ("resource", 0),
    ("variant", 0),
    ("uint32", 32),
    ("uint16", 16),
    ("int4", 4),
    ("bfloat16", 16),
    ("int2", 2),
    ("uint4", 4),
    ("float8_e4m3fn", 8),
    ("float8_e5m2", 8),
)
"""Name and bits per value by number, as in the enum TensorType; 0 bits if sizes differ."""

_UNARY = """
AVERAGE_POOL_2D MAX_POOL_2D L2_POOL_2D DEPTH_TO_SPACE SPACE_TO_DEPTH DEQUANTIZE QUANTIZE FLOOR CEIL
ROUND L2_NORMALIZATION LOCAL_RESPONSE_NORMALIZATION LOGISTIC RELU RELU_N1_TO_1 RELU6 RELU_0_TO_1
SOFTMAX LOG_SOFTMAX TANH SQUEEZE EXP CAST NEG SIN COS LOG SQRT RSQRT SQUARE SHAPE LEAKY_RELU ABS ELU
HARD_SWISH GELU SIGN ZEROS_LIKE RANK LOGICAL_NOT
"""
_BINARY = """
ADD SUB MUL DIV MAXIMUM MINIMUM LESS GREATER GREATER_EQUAL LESS_EQUAL EQUAL NOT_EQUAL POW FLOOR_DIV
FLOOR_MOD SQUARED_DIFFERENCE LOGICAL_AND LOGICAL_OR ATAN2 MEAN SUM REDUCE_MAX REDUCE_MIN REDUCE_PROD
REDUCE_ANY REDUCE_ALL PAD MIRROR_PAD TRANSPOSE EXPAND_DIMS RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR
GATHER GATHER_ND PRELU BATCH_MATMUL SPLIT TILE ARG_MAX ARG_MIN TOPK_V2 BROADCAST_TO REVERSE_V2
CUMSUM FILL
"""
ARITY: dict[str, tuple[int, int]] = {
    **dict.fromkeys(_UNARY.split(), (1, 1)),
    **dict.fromkeys(_BINARY.split(), (2, 2)),
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "CONV_3D"), (2, 3)),
    **dict.fromkeys(("SLICE", "PADV2", "SELECT", "SELECT_V2", "SPLIT_V", "RANGE"), (3, 3)),
    **dict.fromkeys(("BATCH_TO_SPACE_ND", "SPACE_TO_BATCH_ND"), (3, 3)),
    "TRANSPOSE_CONV": (3, 4),
    "STRIDED_SLICE": (4, 4),
    "RESHAPE": (1, 2),
}
"""Inputs by operator: the minimum and the maximum number (a bias is optional).

The kernels read the minimum number of inputs without checking that they exist. Operators that are
not listed take any number.
"""

Shape = Sequence[int]


def multiply_adds(name: str, inputs: Sequence[Shape], output: Shape, *, adjoint: bool) -> int:
    """Count the multiply-adds of an operator.

    Convolutions, fully connected layers and matrix products are counted, without biases; all other
    operators count as 0, as is usual in the literature. Layouts of the weights are those of
    TensorFlow Lite's operators.

    Args:
        name: name of the operator, such as "CONV_2D".
        inputs: shapes of the inputs, in the operator's order.
        output: shape of the first output.
        adjoint: for a BATCH_MATMUL, whether its left side is transposed.
    """
    count = _COUNTS.get(name)
    try:
        return count(inputs, output, adjoint) if count else 0
    except IndexError:
        raise ValueError(f"{name} lacks inputs or axes") from None


def _convolution(inputs: Sequence[Shape], output: Shape, _: bool) -> int:
    # Weights [out, …kernel, in]: each output value uses one filter's values.
    return math.prod(output) * math.prod(inputs[1][1:])


def _depthwise(inputs: Sequence[Shape], output: Shape, _: bool) -> int:
    # Weights [1, height, width, out].
    return math.prod(output) * math.prod(inputs[1][1:3])


def _transposed(inputs: Sequence[Shape], output: Shape, _: bool) -> int:
    # Shape, weights [out, height, width, in], input: each input value meets each output channel.
    return math.prod(inputs[2]) * math.prod(inputs[1][:3])


def _convolution_3d(inputs: Sequence[Shape], output: Shape, _: bool) -> int:
    # Weights [depth, height, width, in, out].
    return math.prod(output) * math.prod(inputs[1][:4])


def _transposed_3d(inputs: Sequence[Shape], output: Shape, _: bool) -> int:
    # Shape, weights [depth, height, width, out, in], input.
    return math.prod(inputs[2]) * math.prod(inputs[1][:4])


def _matrix_product(inputs: Sequence[Shape], output: Shape, adjoint: bool) -> int:
    return math.prod(output) * inputs[0][-2 if adjoint else -1]


_COUNTS: dict[str, Callable[[Sequence[Shape], Shape, bool], int]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "TRANSPOSE_CONV": _transposed,
    "CONV_3D": _convolution_3d,
    "CONV_3D_TRANSPOSE": _transposed_3d,
    "FULLY_CONNECTED": _convolution,  # weights [out, in]
    "BATCH_MATMUL": _matrix_product,
}
