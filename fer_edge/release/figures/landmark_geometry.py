"""Accuracy of geometry alone and fused with the picture, for docs/landmarks.md.

The dense net over landmarks in 3D is trained on the training split. The log-opinion pool's weight
is chosen on PublicTest, PrivateTest measures.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics import accuracy
from device.faces.landmarks import LandmarkModel
from device.labels import FER2013
from device.model.classifier import Classifier
from fer_edge.data import dataset
from fer_edge.modalities.landmarks import geometry, morphable
from quantization.verify.mcnemar import mcnemar

WEIGHTS = np.linspace(0, 1, 41)
"""Exponents of the geometry's probabilities in the pool."""

_LEAST = 1e-6  # probability whose logarithm is taken


def fusion(
    data: dataset.Dataset,
    classifier: Classifier,
    model: LandmarkModel,
    shape: morphable.Morphable,
    net: Path,
    limit: int | None = None,
) -> dict[str, Any]:
    """Train and measure the geometry branch.

    Args:
        data: set with train, val and test.
        classifier: classifier of the pictures.
        model: model of landmarks.
        shape: morphable face.
        net: file to write the geometry's net to.
        limit: number of random training faces; None for all.
    """
    parts = {split: data.only(split) for split in dataset.SPLITS}
    train = parts["train"]
    parts["train"] = train.take(np.random.default_rng(0).permutation(len(train))[:limit])
    lifted = {split: geometry.lift(part.images, model, shape) for split, part in parts.items()}
    kept = lifted["train"][1]
    standard = geometry.train(lifted["train"][0][kept], parts["train"].labels[kept], net)
    pictures, points = {}, {}
    for split in ("val", "test"):
        found = accuracy.predict(classifier, parts[split].images)
        pictures[split] = np.log(np.maximum(found, _LEAST))
        points[split] = geometry.classify(net, standard(lifted[split][0]))
        points[split][~lifted[split][1]] = 0  # no face fits: the picture alone decides
    scores = [
        float(((pictures["val"] + w * points["val"]).argmax(axis=1) == parts["val"].labels).mean())
        for w in WEIGHTS
    ]
    weight = float(WEIGHTS[int(np.argmax(scores))])
    labels = parts["test"].labels
    together = pictures["test"] + weight * points["test"]
    compared = mcnemar(pictures["test"].argmax(axis=1) == labels, together.argmax(axis=1) == labels)
    return {
        "faces": {split: int(fits.sum()) for split, (_, fits) in lifted.items()},
        "val": {
            "geometry": float((points["val"].argmax(axis=1) == parts["val"].labels).mean()),
            "pictures": scores[0],
            "fused": max(scores),
            "weight": weight,
        },
        "test": {
            "geometry": _metrics(points["test"], labels),
            "pictures": _metrics(pictures["test"], labels),
            "fused": _metrics(together, labels),
            "gained": compared.only_second,
            "lost": compared.only_first,
            "p_mid": compared.p_mid,
        },
        "bytes": net.stat().st_size,
    }


def _metrics(logarithms: NDArray[np.float32], labels: NDArray[np.integer]) -> Any:
    values = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    return accuracy.metrics(values / values.sum(axis=1, keepdims=True), labels, FER2013)
