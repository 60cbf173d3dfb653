"""The stage that adjusts the heads without training: label blending, class priors, temperature.

All three are linear in the logits, so they fold into the kernels and biases of the heads at no
cost on the device.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from device.labels import FER2013, FERPLUS
from device.system.atomic_file import replacing
from fer_edge.evaluation import decision
from fer_edge.models.net import by_head
from fer_edge.pipeline import artifacts
from fer_edge.pipeline.job import training_job
from fer_edge.recipe import Adjust
from fer_edge.training import input_pipeline, weights
from quantization.export.blend import Blend

if TYPE_CHECKING:
    from fer_edge.pipeline.run import Run
    from fer_edge.training.job import Job

TEMPERATURES = np.geomspace(0.25, 4.0, 401)


def adjust(run: "Run", out: Path, section: Adjust) -> None:
    """Fold the recipe's `[adjust]` section into the heads.

    Args:
        run: the run.
        section: `[adjust]` section of the recipe.
        out: folder for the weights and `adjust.json`, which holds the temperature of each head.
    """
    job, heads = training_job(run, run.recipe.train, out)
    model = artifacts.net(run, artifacts.unadjusted_weights(run), kept=artifacts.kept(run))
    layers = {head: model.get_layer(head) for head in heads}
    if section.ferplus_blend:
        own, theirs = (layers[head].get_weights() for head in ("fer2013", "ferplus"))
        layers["fer2013"].set_weights(blend(own, theirs, section.ferplus_blend))
    for head, layer in layers.items():
        kernel, bias = layer.get_weights()
        shares = decision.prior(run.training_data.train, head, len(bias))
        layer.set_weights([kernel, bias - section.exponent(head) * np.log(shares)])
    temperatures = _temperatures(model, job) if section.temperature else {}
    for head, temperature in temperatures.items():
        layers[head].set_weights([w / temperature for w in layers[head].get_weights()])
    out.mkdir(parents=True, exist_ok=True)
    weights.save(model, out / "weights.npz")
    with replacing(out / "adjust.json") as partial:
        partial.write_text(json.dumps({"temperature": temperatures}, indent=1) + "\n")


def _temperatures(model: Any, job: "Job") -> dict[str, float]:
    """The temperature of each head that fits the val split best; empty without a val split."""
    if job.val is None:
        return {}
    batches = input_pipeline.evaluation(job.val, normalization=job.normalization)
    parts = [[z.numpy() for z in by_head(model(x, training=False))] for x in batches]
    found = {}
    # An occlusion head, the last output, has no true class on val and is not adjusted.
    for (head, right), logits in zip(
        job.val.classes.items(), zip(*parts, strict=True), strict=False
    ):
        known = right >= 0
        found[head] = fit_temperature(np.concatenate(logits)[known], right[known])
    return found


def blend(
    fer2013: list[NDArray[np.float32]], other: list[NDArray[np.float32]], share: float
) -> list[NDArray[np.float32]]:
    """Blend FER+'s head into FER2013's: per class, the geometric mean of both predictions.

    Args:
        fer2013: kernel `[features, 7]` and bias `[7]` of the fer2013 head.
        other: kernel `[features, 8]` and bias `[8]` of the ferplus head.
        share: weight of the ferplus head, 0..1; its class contempt, which FER2013 lacks, is
            ignored.

    Returns:
        Kernel and bias of a head with FER2013's labels.
    """
    blended = Blend.of(FER2013, FERPLUS, share)
    return [  # labels are last in Keras, and first there
        blended.logits(own.T.astype(np.float64), theirs.T.astype(np.float64)).T.astype(np.float32)
        for own, theirs in zip(fer2013, other, strict=True)
    ]


def fit_temperature(logits: NDArray[np.float32], right: NDArray[np.integer]) -> float:
    """Find the temperature with the lowest negative log-likelihood (Guo et al. 2017).

    Args:
        logits: float32 `[n, labels]`.
        right: correct labels, int `[n]`.

    Returns:
        The divisor of the logits, 0.25 to 4.
    """

    def loss(temperature: float) -> float:
        z = logits / temperature
        z = z - z.max(axis=1, keepdims=True)
        chosen = z[np.arange(len(z)), right]
        return float(np.mean(np.log(np.exp(z).sum(axis=1)) - chosen))

    return float(min(TEMPERATURES, key=loss))
