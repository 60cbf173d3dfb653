"""Types of `results.json`: ranges of numbers and texts, and how objects are checked."""

from typing import Annotated, Any, Literal, TypeVar

from annotated_types import Ge, Gt, Le, Len

Kind = Literal["measured", "simulated", "derived", "counted", "estimated"]
"""How the figures of a block were obtained.

Derived ones are computed from measured ones, counted ones are exact for an emulated core, estimated
ones come from a model of it.
"""

Precision = Literal["float32", "float16", "dynamic", "int8", "int16x8"]
"""Precision of weights and activations; "dynamic" has int8 weights and float activations."""

Head = Literal["fer2013", "ferplus"]
"""Label set of a model."""

Channels = Literal[1, 3]
Layout = Literal["NHWC", "NCHW"]
Resize = Literal["area", "linear"]
Dtype = Literal["int8", "uint8", "float32"]
"""How an external model is fed, see `benchmarks.models.external_spec.Spec`."""

Count = Annotated[int, Ge(0)]
Positive = Annotated[int, Ge(1)]
PositiveFloat = Annotated[float, Gt(0)]
Fraction = Annotated[float, Ge(0), Le(1)]
Digest = Annotated[str, Len(64, 64)]
"""SHA-256 in hexadecimal digits."""
Interval = Annotated[list[float], Len(2, 2)]
"""[low, high] at 95 %."""

_Class = TypeVar("_Class", bound=type[Any])


def closed(described: _Class) -> _Class:
    """Refuse keys that the type does not have."""
    return _configured(described, extra="forbid")


def extensible(described: _Class) -> _Class:
    """Accept further keys, for those of later versions."""
    return _configured(described)


def _configured(described: _Class, **settings: str) -> _Class:
    """Attach the configuration that pydantic reads, without importing pydantic."""
    described.__pydantic_config__ = {"use_attribute_docstrings": True, **settings}
    return described
