"""Adapts a model to unlabeled faces: BatchNorm statistics, class prior, self-training."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from device.model.stateful import softmax
from fer_edge.adaptation import batchnorm, criterion, prior, self_training
from fer_edge.adaptation.batchnorm import Predict
from fer_edge.adaptation.criterion import Gain
from quantization.normalization import Normalization

SHARES = (0.25, 0.5, 0.75, 1.0)
"""Candidate weights of the new BatchNorm statistics."""

HELD_OUT = 0.25
"""Fraction of the faces held out to evaluate each step."""

LEAST = 100
"""Minimum number of faces."""

MOST = 4000
"""Maximum number of faces, drawn at random; more do not change the estimates noticeably."""

CALIBRATION = 256

Step = Callable[[str], None]


@dataclass(frozen=True)
class Calibration:
    """Calibration of a head from its card: temperature and training prior, float64 [labels]."""

    temperature: float
    prior: NDArray[np.float64]


@dataclass(frozen=True)
class Statistics:
    """Result of the BatchNorm step: selected weight of the new statistics, and gain per weight."""

    share: float | None
    tried: dict[str, Gain]


@dataclass(frozen=True)
class Prior:
    """Result of the class prior step: estimated prior by label, and its gain."""

    shares: dict[str, float]
    gain: Gain


@dataclass(frozen=True)
class Adaptation:
    """Result of an adaptation.

    Attributes:
        n: number of faces used.
        held_out: number of faces held out for evaluation.
        digest: SHA-256 of the faces.
        statistics: result of the BatchNorm step.
        prior: result of the class prior step; None if the card has no temperature or prior.
        self_training: gain of self-training; None if neither statistics nor prior changed.
        agreement: fraction of held-out faces with the same label before and after adaptation,
            between the float models.
    """

    n: int
    held_out: int
    digest: str
    statistics: Statistics
    prior: Prior | None
    self_training: Gain | None
    agreement: float

    @property
    def helps(self) -> bool:
        """Whether the statistics or the prior were changed."""
        return self.statistics.share is not None or (
            self.prior is not None and self.prior.gain.kept
        )


def adapt(
    model: Any,
    faces: NDArray[np.uint8],
    *,
    head: str,
    labels: tuple[str, ...],
    normalization: tuple[float, float],
    calibration: Calibration | None = None,
    seed: int = 0,
    step: Step = lambda _: None,
) -> tuple[Adaptation, Any]:
    """Adapt a float model.

    Args:
        model: float Keras model with the logits of the head as its only output; not modified.
        faces: uint8 [n, 48, 48], in any order.
        head: name of the head.
        labels: labels of the head.
        normalization: pixel mean and standard deviation of the model.
        calibration: temperature and prior of the head; None skips the class prior step.
        seed: RNG seed of the held-out split and of self-training.
        step: callback with a description, called before each step.

    Returns:
        The result, and the adapted model in simulated int8, or None if no step helped.

    Raises:
        InputError: there are fewer than `LEAST` faces.
    """
    require_enough(faces)
    order = np.random.default_rng(seed).permutation(len(faces))[:MOST]
    held_out, fit = np.split(faces[order], [round(HELD_OUT * len(order))])
    net = batchnorm.copy(model)
    predict = batchnorm.predictor(net, normalization)
    before = predict(held_out)
    step("statistics")
    statistics = _statistics(net, predict, fit, held_out, normalization)
    step("class priors")
    found_prior = None
    if calibration is not None:
        found_prior = _prior(predict, fit, held_out, labels, calibration)
        if found_prior.gain.kept:
            _fold(net, head, np.array(list(found_prior.shares.values())), calibration)
    after = predict(held_out)
    found = Adaptation(
        n=len(order),
        held_out=len(held_out),
        digest=hashlib.sha256(np.ascontiguousarray(faces).data).hexdigest(),
        statistics=statistics,
        prior=found_prior,
        self_training=None,
        agreement=float((before.argmax(axis=1) == after.argmax(axis=1)).mean()),
    )
    if not found.helps:
        return found, None
    step("self-training")
    gain, quantized = _train(net, fit, held_out, head, len(labels), normalization, seed)
    return replace(found, self_training=gain), quantized


def require_enough(faces: NDArray[np.uint8]) -> None:
    """Raise InputError if there are fewer than `LEAST` faces."""
    if len(faces) < LEAST:
        raise InputError(
            f"{len(faces)} face{'s' * (len(faces) > 1)} found, too few to adapt to: at least "
            f"{LEAST} are needed, 1000 are recommended"
        )


def _statistics(
    net: Any,
    predict: Predict,
    fit: NDArray[np.uint8],
    held_out: NDArray[np.uint8],
    normalization: tuple[float, float],
) -> Statistics:
    """Evaluate each weight of the new statistics and load the best one, if any helps."""
    trained = net.get_weights()
    base = softmax(predict(held_out)).max(axis=1)
    tried, weights = (
        {},
        dict(zip(SHARES, batchnorm.reestimate(net, fit, normalization, SHARES), strict=True)),
    )
    for share in SHARES:
        net.set_weights(weights[share])
        confidence = softmax(predict(held_out)).max(axis=1)
        tried[share] = criterion.gain(confidence - base, criterion.CONFIDENCE)
    best = max(tried, key=lambda share: tried[share].mean)
    kept = tried[best].kept
    net.set_weights(weights[best] if kept else trained)
    named = {f"{share:g}": gain for share, gain in tried.items()}
    return Statistics(best if kept else None, named)


def _prior(
    predict: Predict,
    fit: NDArray[np.uint8],
    held_out: NDArray[np.uint8],
    labels: tuple[str, ...],
    known: Calibration,
) -> Prior:
    """Estimate the class prior and evaluate it."""

    def calibrated(faces: NDArray[np.uint8]) -> NDArray[np.float32]:
        return softmax(predict(faces) / known.temperature)

    shares = prior.estimate(calibrated(fit), known.prior)
    gains = prior.likelihood_gains(calibrated(held_out), known.prior, shares)
    named = dict(zip(labels, shares.round(6).tolist(), strict=True))
    return Prior(named, criterion.gain(gains, criterion.LIKELIHOOD))


def _fold(net: Any, head: str, shares: NDArray[np.float64], known: Calibration) -> None:
    """Add the log ratio of the priors to the bias of the head, in place."""
    layer = net.get_layer(head)
    kernel, bias = layer.get_weights()
    change = known.temperature * np.log(shares / known.prior)
    layer.set_weights([kernel, bias + change.astype(bias.dtype)])


def _train(
    net: Any,
    fit: NDArray[np.uint8],
    held_out: NDArray[np.uint8],
    head: str,
    labels: int,
    normalization: tuple[float, float],
    seed: int,
) -> tuple[Gain, Any]:
    """Return the model in simulated int8: self-trained if that helps, else only calibrated."""
    from quantization.qat import quantize_aware as qat

    teacher = self_training.mirrored(net)
    pixels = Normalization(*normalization)
    student = qat.quantize_aware(net, normalization=pixels, keep_zeros=False)
    qat.calibrate(student, fit[:CALIBRATION], normalization=pixels)
    calibrated = student.get_weights()
    taught = softmax(batchnorm.predictor(teacher, normalization)(held_out))

    def distance() -> NDArray[np.float64]:
        # A new predictor each time: training changes the behavior of the layers.
        answers = softmax(batchnorm.predictor(student, normalization)(held_out))
        return np.asarray(-(taught * np.log(np.maximum(answers, 1e-7))).sum(axis=1), np.float64)

    before = distance()
    self_training.train(
        student, teacher, fit, head=head, labels=labels, normalization=normalization, seed=seed
    )
    found = criterion.gain(before - distance(), criterion.DIVERGENCE)
    if not found.kept:
        student.set_weights(calibrated)
    return found, student
