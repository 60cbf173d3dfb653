"""The stages that compress the float net: pruning, clustering, quantization-aware training."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.system.atomic_file import replacing
from fer_edge.data.calibration_images import calibration_images
from fer_edge.pipeline.artifacts import (
    float_model,
    followed_model,
    kept,
    net,
    pruned_weights,
    qat_model,
    scaling,
)
from fer_edge.pipeline.job import training_job
from fer_edge.training import trainer, weights
from fer_edge.training.trainer import Hooks

if TYPE_CHECKING:
    from fer_edge.pipeline.run import Run


def prune(run: "Run", out: Path) -> None:
    """Take weights out of the float net while it goes on learning, with its old self as teacher."""
    from quantization.pruning import magnitude

    phase = run.recipe.prune
    assert phase is not None
    job, _ = training_job(run, phase, out, teacher=followed_model(run))
    steps = job.train.steps
    end = int(steps * phase.epochs * phase.ramp)
    wrapped, hook = magnitude.prune(
        float_model(run),
        sparsity=phase.sparsity,
        begin_step=0,
        end_step=end,
        pattern=phase.pattern,
        block=phase.block,
    )
    hooks = Hooks(before_step=hook.before_step, after_epoch=lambda _: hook.after_epoch())
    # Two of four are zero from the first step on: there is no ramp.
    selectable = 0 if phase.pattern == "2:4" else end // steps
    trainer.fit(wrapped, replace(job, hooks=hooks, selectable=selectable))
    pruned = magnitude.strip(wrapped)
    weights.save(pruned, out / "pruned.npz")
    _save_zeros(pruned, out)


def cluster(run: "Run", out: Path) -> None:
    """Let the weights of a kernel share a few values, zeros kept, with the float net as teacher."""
    from quantization.pruning import clustering

    phase = run.recipe.cluster
    assert phase is not None
    parent = net(run, pruned_weights(run), kept=kept(run))
    wrapped = clustering.cluster(
        parent, clusters=phase.clusters, keep_zeros=run.recipe.prune is not None
    )
    job, _ = training_job(run, phase, out, teacher=followed_model(run))
    trainer.fit(wrapped, job)
    clustered = clustering.strip(wrapped)
    weights.save(clustered, out / "clustered.npz")
    _save_zeros(clustered, out)


def quantize(run: "Run", out: Path) -> None:
    """Let the net learn to live with 8 bits, with its float self as teacher."""
    from quantization.qat import quantize_aware as qat

    phase = run.recipe.quantize
    assert phase is not None
    model = qat_model(run, load=False)
    job, _ = training_job(run, phase, out, teacher=followed_model(run))

    # Ranges that start where the activations are; those of a resumed run replace them.
    images = calibration_images(job.train.first.images, phase.calibration)
    qat.calibrate(model, images, normalization=scaling(run), ranges=phase.ranges)

    def freeze(epoch: int) -> bool:
        return qat.set_batchnorm_frozen(model, epoch >= phase.freeze_batchnorm_after) > 0

    trainer.fit(model, replace(job, hooks=Hooks(before_epoch=freeze)))


def _save_zeros(model: Any, out: Path) -> None:
    from quantization.pruning import magnitude

    with replacing(out / "zeros.json") as partial:
        partial.write_text(json.dumps(magnitude.zero_fraction(model), indent=1) + "\n")
