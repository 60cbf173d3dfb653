"""Types of `results.json`: a session and its models."""

from typing import Annotated, Literal, NotRequired

from annotated_types import Len
from typing_extensions import TypedDict

from benchmarks.results.types.counts import FrameCount, InstructionCount
from benchmarks.results.types.figures import (
    Accuracy,
    ColdStart,
    FrameTimes,
    Latency,
    OperatorProfile,
    Peak,
    SettingResult,
    Size,
    Throughput,
)
from benchmarks.results.types.machine import Machine
from benchmarks.results.types.values import (
    Channels,
    Digest,
    Dtype,
    Head,
    Layout,
    Positive,
    Precision,
    Resize,
    closed,
)


@closed
class ExternalModelDescription(TypedDict):
    """How an external model is fed and read."""

    name: str
    labels: NotRequired[list[str]]
    head: NotRequired[Head]
    size: Annotated[list[int], Len(2, 2)]
    """Height and width of the input."""
    channels: NotRequired[Channels]
    mean: NotRequired[float | list[float]]
    """For all channels, or for each."""
    std: NotRequired[float | list[float]]
    layout: NotRequired[Layout]
    output: NotRequired[int | str | None]
    """Number or name of the output with the classes; null for the only one."""
    resize: NotRequired[Resize]
    dtype: NotRequired[Dtype | None]
    """Of the input, where the description says."""
    softmax: NotRequired[bool]
    """Whether its outputs are logits."""


@closed
class ModelResult(TypedDict):
    """All that was measured of one model."""

    name: str
    """Unique in this file, and safe in a file name."""
    path: str
    sha256: Digest
    head: Head
    labels: list[str]
    precision: Precision | None
    """Of weights and activations, read from the graph; dynamic: int8 weights, float activations."""
    input_dtype: str
    runtime: str
    delegated: bool
    """Whether XNNPACK took the graph."""
    peer: ExternalModelDescription | None
    """How an external model is fed and read; null for one of fer-edge's own."""
    size: Size
    accuracy: Accuracy | None
    accuracy_leak_free: Accuracy | None
    """Without the leaked images; null when there is no list of them."""
    latency: Latency | None
    """The main figure."""
    sweep: list[SettingResult]
    """Other settings, timed in the same rounds."""
    cold: ColdStart | None
    operators: OperatorProfile | None
    throughput: Throughput | None
    counts: list[InstructionCount]
    """Instructions on each core that they were counted for."""


@closed
class EvaluationData(TypedDict):
    """The images that accuracy was measured on."""

    name: str
    digest: str
    synthetic: bool
    """Generated faces: accuracy on them says nothing about people."""
    split: str
    """val, test, or how the images were picked."""
    images: Positive
    leaked: int | None
    """Images that also stand in the training split; null when nobody looked for them."""


@closed
class Protocol(TypedDict):
    """How the session was run."""

    threads: Annotated[list[Positive], Len(1)]
    """The first is that of the main figures, the others stand in sweep."""
    rounds: Positive
    """Rounds asked for; latency.rounds says how many were run."""
    per_round: Positive
    """Timed calls of each model, in each setting, in a round."""
    seed: int
    timed: Literal["set input, invoke, read probabilities"]
    backend: str
    """Of the main figures."""
    reference: str | None
    """Name of the reference workload."""


@closed
class Reference(TypedDict):
    """The reference workload, timed in the same rounds: two machines compare as ratios to it."""

    name: str
    sha256: Digest
    latency: Latency | None


@closed
class Results(TypedDict):
    """What one session measured.

    Rates are fractions of 1, intervals are [low, high] at 95 %, what was not measured is null.
    """

    schema_version: Literal["2.1"]
    created: str
    """When the run began: ISO 8601, UTC."""
    created_by: str
    """Program and version."""
    partial: bool
    """The run was interrupted: some blocks are null or rest on fewer rounds."""
    machine: Machine
    data: EvaluationData
    protocol: Protocol
    reference: Reference | None
    peak: Peak | None
    models: list[ModelResult]
    frame: FrameTimes | None
    frame_counts: list[FrameCount]
    """Instructions of a camera frame on each core that they were counted for."""
