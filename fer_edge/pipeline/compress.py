"""The stages that compress the float net: pruning, clustering, quantization-aware training."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.system.atomic_file import replacing
from fer_edge.data.calibration_images import calibration_images
from fer_edge.pipeline import artifacts
from fer_edge.pipeline.job import training_job
from fer_edge.recipe import Cluster, Prune, Quantize
from fer_edge.training import trainer, weights
from fer_edge.training.job import Hooks

if TYPE_CHECKING:
    from fer_edge.pipeline.run import Run


def prune(run: "Run", out: Path, section: Prune) -> None:
    """Magnitude-prune the float model while training, distilling from the unpruned model."""
    from quantization.pruning import magnitude

    job, _ = training_job(run, section, out, teacher=artifacts.followed_model(run))
    steps = job.train.steps
    end = int(steps * section.epochs * section.ramp)
    wrapped, hook = magnitude.prune(
        artifacts.float_model(run),
        sparsity=section.sparsity,
        begin_step=0,
        end_step=end,
        pattern=section.pattern,
        block=section.block,
    )
    hooks = Hooks(before_step=hook.before_step, after_epoch=lambda _: hook.after_epoch())
    # 2:4 sparsity has no ramp: its zeros are set in the first step.
    selectable = 0 if section.pattern == "2:4" else end // steps
    trainer.fit(wrapped, replace(job, hooks=hooks, selectable=selectable))
    pruned = magnitude.strip(wrapped)
    weights.save(pruned, out / "pruned.npz")
    _save_zeros(pruned, out)


def cluster(run: "Run", out: Path, section: Cluster) -> None:
    """Cluster the weights of each kernel while training, distilling from the float model.

    Zeros of a pruned model are preserved.
    """
    from quantization.pruning import clustering

    wrapped = clustering.cluster(
        artifacts.pruned_model(run),
        clusters=section.clusters,
        keep_zeros=run.recipe.prune is not None,
    )
    job, _ = training_job(run, section, out, teacher=artifacts.followed_model(run))
    trainer.fit(wrapped, job)
    clustered = clustering.strip(wrapped)
    weights.save(clustered, out / "clustered.npz")
    _save_zeros(clustered, out)


def quantize(run: "Run", out: Path, section: Quantize) -> None:
    """Run int8 quantization-aware training, distilling from the float model."""
    from quantization.qat import quantize_aware as qat

    model = artifacts.qat_model(run, load=False)
    job, _ = training_job(run, section, out, teacher=artifacts.followed_model(run))

    # Training starts from calibrated ranges; a resumed training restores those of its checkpoint.
    images = calibration_images(job.train.first.sample.images, section.calibration)
    qat.calibrate(model, images, normalization=artifacts.normalization(run), ranges=section.ranges)

    def freeze(epoch: int) -> bool:
        return qat.set_batchnorm_frozen(model, epoch >= section.freeze_batchnorm_after) > 0

    trainer.fit(model, replace(job, hooks=Hooks(before_epoch=freeze)))


def _save_zeros(model: Any, out: Path) -> None:
    from quantization.pruning import magnitude

    with replacing(out / "zeros.json") as partial:
        partial.write_text(json.dumps(magnitude.zero_fraction(model), indent=1) + "\n")
