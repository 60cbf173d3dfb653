"""Calibrated logarithmic opinion pool over the labels of the face model."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from device.labels import canonical
from device.modalities.modality import Modality, Opinion

FLOOR = 1 / 512
"""Lower bound of a probability before its logarithm is taken: half the scale of an int8 softmax."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """Weight and calibration of one modality in the pool.

    Attributes:
        weight: relative weight, at least 0.
        temperature: calibration temperature that divides the log-probabilities, above 0.
        max_age: age in seconds at which the weight of a prediction reaches 0; it falls linearly.
    """

    weight: float
    temperature: float
    max_age: float


class LogOpinionPool:
    """Weighted geometric mean of distributions: p(c) ~ prod_m p_m(c)^(w_m / T_m), sum of w_m = 1.

    Sources: Genest and Zidek 1986, "Combining probability distributions: a critique and an
    annotated bibliography"; temperatures as Guo et al. 2017, "On calibration of modern neural
    networks". The pool is a weighted mean and not a product, because a product assumes independent
    evidence: face, voice and words of one moment are dependent, and the dependence cannot be
    estimated without joint data.

    Labels are mapped by meaning. A class that a modality's model does not have is treated as having
    uniform probability, so it is neither supported nor penalized. A class that the face model does
    not have, such as boredom, is dropped, and the modality's weight is multiplied by the
    probability of the remaining classes.
    """

    def __init__(self, labels: Sequence[str], reliabilities: Mapping[str, Reliability]) -> None:
        """Initialize the pool.

        Args:
            labels: labels of the pooled distribution.
            reliabilities: reliability of each modality, by name.
        """
        self._index = {canonical(label): at for at, label in enumerate(labels)}
        self._reliabilities = reliabilities
        self._targets: dict[tuple[str, ...], npt.NDArray[np.intp]] = {}
        self._pooled = np.zeros(len(labels))
        self._own = np.zeros(len(labels))

    def pool(self, opinions: Sequence[Opinion], now: float, out: npt.NDArray[np.float32]) -> bool:
        """Pool the latest predictions.

        Args:
            opinions: one entry per modality; their age and weight are updated in place.
            now: `time.monotonic()` of the fused result.
            out: output array, float32 [labels].

        Returns:
            True if any modality has a weight above 0; otherwise `out` is unchanged.
        """
        for opinion in opinions:
            self._weigh(opinion, now)
        total = sum(opinion.weight for opinion in opinions)
        if total <= 0:
            return False
        pooled = self._pooled
        pooled.fill(0)
        for opinion in opinions:
            opinion.weight /= total
            if opinion.modality is not None and opinion.weight > 0:
                pooled += opinion.weight * self._evidence(opinion.modality)
        pooled -= pooled.max()
        np.exp(pooled, out=pooled)
        pooled /= pooled.sum()
        out[:] = pooled
        return True

    def _weigh(self, opinion: Opinion, now: float) -> None:
        modality = opinion.modality
        if modality is None:
            opinion.age, opinion.weight = math.inf, 0.0
            return
        of = self._reliabilities[modality.name]
        opinion.age = max(0.0, now - modality.time)
        fresh = max(0.0, 1 - opinion.age / of.max_age)
        opinion.weight = of.weight * fresh * self._known_share(modality)

    def _known_share(self, modality: Modality) -> float:
        """Return the total probability of the classes that the pool also has."""
        known = self._target(modality.labels) >= 0
        total = float(modality.probabilities.sum())
        return float(modality.probabilities[known].sum()) / total if total > 0 else 0.0

    def _evidence(self, modality: Modality) -> npt.NDArray[np.float64]:
        """Return each class's log-probability relative to uniform; 0 for missing classes."""
        target = self._target(modality.labels)
        known = target >= 0
        own = self._own
        own.fill(0)
        np.add.at(own, target[known], modality.probabilities[known])
        classes = np.unique(target[known])
        shares = np.log(np.maximum(own[classes] / own[classes].sum(), FLOOR))
        shares /= self._reliabilities[modality.name].temperature
        shares -= shares.max() + math.log(np.exp(shares - shares.max()).sum())
        own.fill(0)
        own[classes] = shares + math.log(len(classes))
        return own

    def _target(self, labels: tuple[str, ...]) -> npt.NDArray[np.intp]:
        """Return the index of each label in the pool, -1 for labels that it does not have."""
        if labels not in self._targets:
            found = [self._index.get(canonical(label), -1) for label in labels]
            self._targets[labels] = np.array(found, np.intp)
        return self._targets[labels]
