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
    """Preprocessing of an external model and meaning of its outputs."""

    name: str
    labels: NotRequired[list[str]]
    head: NotRequired[Head]
    size: Annotated[list[int], Len(2, 2)]
    """Height and width of the input."""
    channels: NotRequired[Channels]
    mean: NotRequired[float | list[float]]
    """One for all channels, or one for each."""
    std: NotRequired[float | list[float]]
    layout: NotRequired[Layout]
    output: NotRequired[int | str | None]
    """Index or name of the output with the classes; null for the only one."""
    resize: NotRequired[Resize]
    dtype: NotRequired[Dtype | None]
    """Dtype of the input, if the description gives it."""
    softmax: NotRequired[bool]
    """Whether the outputs are logits."""


@closed
class ModelResult(TypedDict):
    """Measurements of one model."""

    name: str
    """Unique in this file and safe as a file name."""
    path: str
    sha256: Digest
    head: Head
    labels: list[str]
    precision: Precision | None
    """Precision of the graph; dynamic: int8 weights, float activations."""
    input_dtype: str
    runtime: str
    delegated: bool
    """Whether XNNPACK took the graph."""
    peer: ExternalModelDescription | None
    """Description of an external model; null for others."""
    size: Size
    accuracy: Accuracy | None
    accuracy_leak_free: Accuracy | None
    """Accuracy without the leaked images; null if they are not known."""
    latency: Latency | None
    """Latency in the main setting."""
    sweep: list[SettingResult]
    """Latencies in other settings, from the same rounds."""
    cold: ColdStart | None
    operators: OperatorProfile | None
    throughput: Throughput | None
    counts: list[InstructionCount]
    """Instructions on each core that was counted for."""


@closed
class EvaluationData(TypedDict):
    """The images that accuracy was measured on."""

    name: str
    digest: str
    synthetic: bool
    """Whether the faces are synthetic; accuracy on them does not apply to people."""
    split: str
    """val, test, or a description of how the images were chosen."""
    images: Positive
    leaked: int | None
    """Number of images that are also in the training split; null if not known."""


@closed
class Protocol(TypedDict):
    """How the session was run."""

    threads: Annotated[list[Positive], Len(1)]
    """The first is that of the main figures, the others are those of sweep."""
    rounds: Positive
    """Number of rounds requested; latency.rounds is the number that was run."""
    per_round: Positive
    """Timed calls of each model in each setting in a round."""
    seed: int
    timed: Literal["set input, invoke, read probabilities"]
    backend: str
    """Backend of the main figures."""
    reference: str | None
    """Name of the reference workload."""
    prior: NotRequired[str]
    """Class prior that accuracy is for, in place of that of training: uniform, or a file's name."""


@closed
class Reference(TypedDict):
    """The reference workload, timed in the same rounds; machines compare by ratios to it."""

    name: str
    sha256: Digest
    latency: Latency | None


@closed
class Results(TypedDict):
    """Results of one session.

    Rates are fractions of 1, intervals are [low, high] at 95 %, what was not measured is null.
    """

    schema_version: Literal["2.1"]
    created: str
    """Start of the run: ISO 8601, UTC."""
    created_by: str
    """Program and version."""
    partial: bool
    """Whether the run was interrupted; some blocks are then null or have fewer rounds."""
    machine: Machine
    data: EvaluationData
    protocol: Protocol
    reference: Reference | None
    peak: Peak | None
    models: list[ModelResult]
    frame: FrameTimes | None
    frame_counts: list[FrameCount]
    """Instructions of a camera frame on each core that was counted for."""
