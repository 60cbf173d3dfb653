"""Types of `results.json`: instructions counted on emulated cores."""

from typing import Annotated

from annotated_types import Len
from typing_extensions import TypedDict

from benchmarks.results.types.values import Count, Kind, Positive, closed, extensible


@extensible
class InstructionKinds(TypedDict):
    """Instructions by kind."""

    dot_product: Count
    integer_multiply: Count
    float_multiply: Count
    load: Count
    store: Count
    other: Count


@closed
class BoardTime(TypedDict):
    """Estimated time on one board."""

    board: str
    ghz: float
    ms_low: float
    ms_high: float


@closed
class CycleEstimate(TypedDict):
    """Estimated cycles, and times on boards with that core.

    All data is assumed to be in the level 1 cache, and every branch to be predicted.
    """

    kind: Kind
    cycles_low: Count
    cycles_high: Count
    how: str
    boards: list[BoardTime]


@closed
class InstructionCount(TypedDict):
    """Instructions of one inference on an emulated core, one thread."""

    kind: Kind
    core: str
    core_class: str
    instructions: Count
    by_kind: InstructionKinds
    bytes_read: Count
    """Bytes read by all loads."""
    bytes_written: Count
    working_set_bytes: Count
    """Distinct cache lines of 64 bytes that an inference reads or writes."""
    runtime: str
    emulator: str
    estimate: CycleEstimate


@closed
class StageCount(TypedDict):
    """Instructions of one stage."""

    instructions: Count
    cycles_low: Count
    """Estimated cycles."""
    cycles_high: Count
    """Estimated cycles."""


@extensible
class FrameStages(TypedDict):
    """Instructions of each stage of a frame."""

    decode: StageCount
    detect: StageCount
    crop: StageCount
    classify: StageCount
    track: StageCount
    sink: StageCount


@closed
class FrameCount(TypedDict):
    """Instructions of a camera frame in the runner's loop on an emulated core: frame means."""

    kind: Kind
    core: str
    core_class: str
    video: str
    size: Annotated[list[int], Len(2, 2)]
    """Width and height in pixels."""
    frames: Positive
    model: str
    detector: str
    every: Positive
    """Frames from one detection to the next."""
    runtime: str
    emulator: str
    instructions: Count
    """Instructions of all stages."""
    stages: FrameStages
    estimate: CycleEstimate
