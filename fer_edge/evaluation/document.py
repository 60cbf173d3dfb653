"""`evaluation.json`: its types, and reading and writing it."""

import json
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from device.errors import InputError
from device.system.atomic_file import replacing

SCHEMA_VERSION = "1.2"
SCHEMA = Path(__file__).parent / "evaluation.schema.json"


@dataclass(frozen=True)
class Data:
    """The labeled faces.

    Attributes:
        name: name of the data set.
        digest: SHA-256 over pixels and labels.
        split: name of the split.
        n: number of images.
        synthetic: whether the faces are generated.
        seed: RNG seed of the corruptions.
    """

    name: str
    digest: str
    split: str
    n: int
    synthetic: bool
    seed: int


@dataclass(frozen=True)
class CorruptionResult:
    """Top-1 under one corruption.

    Attributes:
        name: name of the corruption.
        top1: top-1 at severities 1 to 5, fractions of 1.
        relative: mean error over severities as a fraction of the reference model's; None for no
            reference, or a reference without an error.
    """

    name: str
    top1: list[float]
    relative: float | None


@dataclass(frozen=True)
class WorstImage:
    """A face that is answered correctly as it is, and wrongly, with confidence, when corrupted.

    Attributes:
        row: row of the face in its data set.
        position: its place among the split's faces with a label, which seeds the corruption.
        corruption: name of the corruption.
        severity: its severity, 1 to 5.
        label: the correct class.
        answer: the answer to the corrupted face.
        confidence: probability of that answer.
    """

    row: int
    position: int
    corruption: str
    severity: int
    label: str
    answer: str
    confidence: float


@dataclass(frozen=True)
class Robustness:
    """Top-1 under all corruptions.

    Attributes:
        clean_top1: top-1 on the faces as they are.
        mean_top1: mean over corruptions and severities.
        mce: mean corruption error relative to the reference (Hendrycks and Dietterich 2019), in
            percent; 100 equals the reference. None without a reference.
        corruptions: one entry for each corruption.
        worst: ten images with the most confident wrong answers, each under another corruption.
    """

    clean_top1: float
    mean_top1: float
    mce: float | None
    corruptions: list[CorruptionResult]
    worst: list[WorstImage] = field(default_factory=list)


@dataclass(frozen=True)
class Bin:
    """One bin of the reliability diagram: mean confidence, accuracy and number of images."""

    confidence: float
    accuracy: float
    n: int


@dataclass(frozen=True)
class Coverage:
    """Selective classification at one threshold: share of images answered and top-1 on them."""

    threshold: float
    coverage: float
    top1: float


@dataclass(frozen=True)
class Calibration:
    """How far confidence is from accuracy.

    Attributes:
        ece: expected calibration error with 15 equal-width bins (Guo et al. 2017), 0..1.
        temperature: the temperature that minimizes the negative log-likelihood of these images.
        ece_scaled: expected calibration error with that temperature. It was fitted on the same
            images, so it is optimistic.
        bins: reliability diagram, empty bins left out.
        coverage: accuracy against coverage, by threshold.
    """

    ece: float
    temperature: float
    ece_scaled: float
    bins: list[Bin]
    coverage: list[Coverage]


@dataclass(frozen=True)
class Slice:
    """Top-1 on a part of the images.

    Attributes:
        attribute: what the images are divided by.
        value: which part.
        n: number of images.
        top1: top-1 on them.
        ci95: its 95 % interval: Wilson's, or by persons (cluster bootstrap) where they are known.
        small: whether there are too few images (below 50) or persons (below 10) to compare.
        subjects: number of persons; None where they are unknown.
    """

    attribute: str
    value: str
    n: int
    top1: float
    ci95: list[float]
    small: bool
    subjects: int | None = None


@dataclass(frozen=True)
class MapScore:
    """Mean scores of one method's maps (Petsiuk et al. 2018), 0..1.

    Attributes:
        method: name of the method.
        insertion: mean area under the insertion curve; higher is better.
        deletion: mean area under the deletion curve; lower is better.
    """

    method: str
    insertion: float
    deletion: float


@dataclass(frozen=True)
class ExplainedMistake:
    """A confident wrong answer: row in the data set, correct class, answer, its probability."""

    row: int
    label: str
    answer: str
    confidence: float


@dataclass(frozen=True)
class Explained:
    """Maps of the model's most confident mistakes.

    Attributes:
        mistakes: the explained faces, the most confident first.
        scores: one entry for each method, means over those faces.
    """

    mistakes: list[ExplainedMistake]
    scores: list[MapScore]


@dataclass(frozen=True)
class NotScored:
    """A class of the faces that the model does not know: its name and number of images."""

    label: str
    n: int


@dataclass(frozen=True)
class ModelEvaluation:
    """Everything that was measured of one model; None for a suite that was not run.

    Attributes:
        name: name of the model as given.
        path: the file.
        sha256: digest of the file.
        labels: names of the classes.
        n: number of images with a label of this model's classes.
        top1: top-1 on them.
        macro_f1: macro-F1 over the classes that have images.
        macro_recall: mean recall over those classes.
        robustness: suite `robustness`.
        calibration: suite `calibration`.
        slices: suite `slices`.
        explain: suite `explain`.
        top1_ci95: 95 % interval of top-1: Wilson's, or by persons (cluster bootstrap) where they
            are known.
        subjects: number of persons; None where they are unknown.
        not_scored: classes of the faces that the model does not know; their images are left out.
        without_images: classes of the model that have no image; such an answer counts as wrong.
        description: how an external model is called, as JSON; None for models of fer-edge.
    """

    name: str
    path: str
    sha256: str
    labels: list[str]
    n: int
    top1: float
    macro_f1: float
    macro_recall: float
    robustness: Robustness | None
    calibration: Calibration | None
    slices: list[Slice] | None
    explain: Explained | None = None
    top1_ci95: list[float] | None = None
    subjects: int | None = None
    not_scored: list[NotScored] = field(default_factory=list)
    without_images: list[str] = field(default_factory=list)
    description: str | None = None


@dataclass(frozen=True)
class Evaluation:
    """The whole file.

    Attributes:
        schema_version: version of this form.
        created: UTC, ISO 8601.
        data: the labeled faces.
        reference: name of the model that corruption errors are relative to, or `paper` for the
            errors of that recipe's net, which the package holds; None for none.
        partial: whether it was interrupted.
        models: one entry for each model.
    """

    schema_version: str
    created: str
    data: Data
    reference: str | None
    partial: bool
    models: list[ModelEvaluation]


def save(evaluation: Evaluation, path: Path) -> None:
    """Write an evaluation atomically."""
    text = json.dumps(asdict(evaluation), indent=1, ensure_ascii=False, allow_nan=False)
    with replacing(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def load(path: Path) -> Evaluation:
    """Read an evaluation.

    Raises:
        InputError: the file is missing, or is no evaluation of this version.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema_version"].split(".")[0] != SCHEMA_VERSION.split(".")[0]:
            raise InputError(
                f"{path} has schema version {content['schema_version']}: update fer-edge"
            )
        evaluation: Evaluation = from_json(Evaluation, content)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} is no evaluation.json of fer-edge eval") from error
    return evaluation


def from_json(kind: Any, value: Any) -> Any:
    """Build a value of a type made of dataclasses, lists, unions and JSON types.

    Raises:
        TypeError: the value does not fit the type.
    """
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        given = {
            f.name: from_json(hints[f.name], value[f.name])
            for f in fields(kind)
            if f.name in value or (f.default is MISSING and f.default_factory is MISSING)
        }
        return kind(**given)  # type: ignore[operator]
    if get_origin(kind) is list:
        if not isinstance(value, list):
            raise TypeError(f"{type(value).__name__} is no list")
        return [from_json(get_args(kind)[0], one) for one in value]
    if get_origin(kind) in (Union, UnionType):
        if value is None:
            return None
        return from_json(next(k for k in get_args(kind) if k is not type(None)), value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value
