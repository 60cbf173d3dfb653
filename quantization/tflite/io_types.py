"""The dtypes and color formats of a file's input and output."""

from typing import Literal, get_args

IO = Literal["int8", "uint8", "float32"]
"""Dtype of input and output."""

IOS: tuple[IO, ...] = get_args(IO)

Color = Literal["gray", "rgb"]
"""Color format of the input."""

COLORS: tuple[Color, ...] = get_args(Color)
