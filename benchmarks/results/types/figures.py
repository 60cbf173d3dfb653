"""Types of `results.json`: the figures of a model and of a camera frame."""

from typing import Annotated, Literal, NotRequired

from annotated_types import Len
from typing_extensions import TypedDict

from benchmarks.results.types.values import (
    Count,
    Fraction,
    Interval,
    Kind,
    Positive,
    PositiveFloat,
    closed,
    extensible,
)


@closed
class Size(TypedDict):
    """Size of a file and of its arithmetic."""

    kind: Kind
    bytes: Count
    bytes_gzip: Count
    """Size after gzip at level 9."""
    parameters: int | None
    multiply_adds: int | None
    """Multiply-adds of one inference."""


@closed
class ClassAccuracy(TypedDict):
    """Accuracy on one class."""

    label: str
    precision: Fraction
    recall: Fraction
    f1: Fraction
    support: Count


@closed
class Accuracy(TypedDict):
    """Accuracy on the images that have a label."""

    kind: Kind
    n: Positive
    """Number of images with a label."""
    top1: Fraction
    top1_ci95: Interval
    """By persons (cluster bootstrap) where subjects is there, else Wilson's."""
    subjects: NotRequired[Positive]
    """Number of persons on the images; absent where they are unknown."""
    macro_precision: Fraction
    macro_recall: Fraction
    macro_f1: Fraction
    ece: Fraction
    """Expected calibration error, 15 equal-width bins."""
    classes: list[ClassAccuracy]
    confusion: list[list[Count]]
    """Images by true class (row) and predicted class (column), in the model's order of labels."""


@closed
class Histogram(TypedDict):
    """Histogram of the timed calls."""

    edges: Annotated[list[float], Len(2)]
    """Increasing, one more than counts; of equal width up to p99 or 1.5 medians, wider above."""
    counts: Annotated[list[Count], Len(1)]
    """Number of timed calls in each bin; their sum is n."""


@closed
class Latency(TypedDict):
    """Latency of one model in one setting, in microseconds."""

    kind: Kind
    n: Positive
    """Number of timed calls."""
    rounds: Positive
    p50_us: PositiveFloat
    p50_us_ci95: Interval | None
    """Interval of the bootstrap over rounds, as all intervals here; null for a single round."""
    p90_us: PositiveFloat
    p90_us_ci95: Interval | None
    p99_us: PositiveFloat
    p99_us_ci95: Interval | None
    histogram_us: Histogram | None
    round_medians_us: list[PositiveFloat] | None
    """In time order; the same rounds for all models and the reference workload."""
    marked: bool
    """Whether the rounds were disturbed; see marks of the machine."""
    ratio_to_first: float | None
    """Median over rounds of the ratio to the first model's median of the same round."""
    ratio_to_first_ci95: Interval | None
    ratio_to_reference: float | None
    """The same, to the reference workload."""
    ratio_to_reference_ci95: Interval | None


@closed
class SettingResult(TypedDict):
    """Latency in another setting."""

    backend: Literal["litert", "tflite-runtime", "tensorflow", "onnxruntime"]
    resolver: Literal["xnnpack", "builtin", "reference"] | None
    """Kernels of a TensorFlow Lite runtime."""
    threads: Positive
    latency: Latency


@closed
class Median(TypedDict):
    """Median of a few values with its 95 % interval."""

    p50: PositiveFloat
    ci95: Interval | None


@closed
class ColdStart(TypedDict):
    """Load time, first inference and memory, each in a fresh process."""

    kind: Kind
    n: Positive
    """Number of processes."""
    load_ms: Median
    """Time from the path to a ready model."""
    first_ms: Median
    """Time of the first inference."""
    peak_rss_kb: Median
    """1 kB = 1000 bytes."""
    runtime_rss_kb: int
    """Resident memory with the runtime, before the model is loaded."""


@extensible
class Operator(TypedDict):
    """Time of one operator."""

    index: int | None
    name: str
    us_p50: float
    share: Fraction
    multiply_adds: int | None


@extensible
class OperatorProfile(TypedDict):
    """Time of each operator."""

    kind: Kind
    how: NotRequired[str]
    """Description of the timed workload and the number of repetitions."""
    rows: list[Operator]


@closed
class Throughput(TypedDict):
    """Multiply-adds per second."""

    kind: Kind
    multiply_adds_per_second: PositiveFloat
    share_of_peak: float | None


@closed
class Peak(TypedDict):
    """Peak multiply-adds per second of the machine."""

    kind: Kind
    multiply_adds_per_second: PositiveFloat
    how: str


@closed
class Percentiles(TypedDict):
    """Percentiles in microseconds."""

    p50_us: PositiveFloat
    p90_us: PositiveFloat
    p99_us: PositiveFloat


@extensible
class StageTimes(TypedDict):
    """Percentiles of each stage of a frame."""

    detect: Percentiles
    crop: Percentiles
    classify: Percentiles
    smooth: Percentiles
    whole: Percentiles


@extensible
class FrameTimes(TypedDict):
    """Time of a camera frame, played from a video."""

    kind: Kind
    video: str
    frames: Positive
    model: str
    detector: str
    stages: StageTimes
