"""The types of `evaluation.json`, from single figures to the complete evaluation."""

from dataclasses import dataclass, field

SCHEMA_VERSION = "1.2"
"""Version of `evaluation.json`; a new major number means that older readers cannot read it."""


@dataclass(frozen=True)
class Data:
    """The labeled faces.

    Attributes:
        name: name of the data set.
        digest: SHA-256 over pixels and labels.
        split: name of the split.
        n: number of images.
        synthetic: whether the faces are synthetic.
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
        relative: mean error over severities as a fraction of the reference model's; None without a
            reference, or if the reference has no error.
    """

    name: str
    top1: list[float]
    relative: float | None


@dataclass(frozen=True)
class WorstImage:
    """A face that is classified correctly unchanged, and wrongly with confidence when corrupted.

    Attributes:
        row: row of the face in its data set.
        position: index among the labeled faces of the split, which seeds the corruption.
        corruption: name of the corruption.
        severity: severity, 1 to 5.
        label: the correct class.
        answer: predicted class of the corrupted face.
        confidence: probability of that class.
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
        clean_top1: top-1 on the unchanged faces.
        mean_top1: mean over corruptions and severities.
        mce: mean corruption error relative to the reference (Hendrycks and Dietterich 2019), in
            percent; 100 equals the reference. None without a reference.
        corruptions: one entry per corruption.
        worst: the ten images with the most confident wrong predictions, each under another
            corruption.
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
    """Calibration: the agreement of confidence and accuracy.

    Attributes:
        ece: expected calibration error with 15 equal-width bins (Guo et al. 2017), 0..1.
        temperature: temperature with the lowest negative log-likelihood on these images.
        ece_scaled: expected calibration error at that temperature. As it is fitted on the same
            images, this is optimistic.
        bins: reliability diagram without empty bins.
        coverage: accuracy against coverage, by threshold.
    """

    ece: float
    temperature: float
    ece_scaled: float
    bins: list[Bin]
    coverage: list[Coverage]


@dataclass(frozen=True)
class Slice:
    """Top-1 on a subset of the images.

    Attributes:
        attribute: attribute by which the images are divided.
        value: value of the attribute in this subset.
        n: number of images.
        top1: top-1 on them.
        ci95: its 95 % interval: Wilson's, or a cluster bootstrap over subjects if they are known.
        small: whether there are too few images (below 50) or subjects (below 10) to compare.
        subjects: number of subjects; None if unknown.
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
    """A confident mistake: row in the data set, correct class, predicted class, probability."""

    row: int
    label: str
    answer: str
    confidence: float


@dataclass(frozen=True)
class Explained:
    """Saliency maps of the model's most confident mistakes.

    Attributes:
        mistakes: the explained faces, the most confident first.
        scores: one entry per method, means over those faces.
    """

    mistakes: list[ExplainedMistake]
    scores: list[MapScore]


@dataclass(frozen=True)
class NotScored:
    """A class of the faces that the model cannot predict: its name and number of images."""

    label: str
    n: int


@dataclass(frozen=True)
class ModelEvaluation:
    """All results of one model; None for a suite that was not run.

    Attributes:
        name: name of the model, as given.
        path: path of the model file.
        sha256: digest of the file.
        labels: class names.
        n: number of images with a label of this model's classes.
        top1: top-1 on them.
        macro_f1: macro-F1 over the classes that have images.
        macro_recall: mean recall over those classes.
        robustness: suite `robustness`.
        calibration: suite `calibration`.
        slices: suite `slices`.
        explain: suite `explain`.
        top1_ci95: 95 % interval of top-1: Wilson's, or a cluster bootstrap over subjects if they
            are known.
        subjects: number of subjects; None if unknown.
        not_scored: classes of the faces that the model cannot predict; their images are excluded.
        without_images: classes of the model without images; predicting one counts as wrong.
        description: description of an external model, as JSON; None for fer-edge models.
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
    """The complete file.

    Attributes:
        schema_version: version of the schema.
        created: time of creation, UTC, ISO 8601.
        data: the labeled faces.
        reference: name of the model that corruption errors are relative to, or `paper` for the
            errors of that recipe's net, which are part of the package; None for none.
        partial: whether the evaluation was interrupted.
        models: one entry per model.
    """

    schema_version: str
    created: str
    data: Data
    reference: str | None
    partial: bool
    models: list[ModelEvaluation]
