"""The stages that train: the float net, the pruned, the clustered, the quantization-aware one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.system.atomic_file import replacing
from fer_edge.data import splits
from fer_edge.data.calibration_images import calibration_images
from fer_edge.models.bfloat16 import convolutions_in_bfloat16
from fer_edge.pipeline import channels as channels_stage
from fer_edge.pipeline import initial_weights
from fer_edge.pipeline import teacher as teacher_stage
from fer_edge.recipe import Phase
from fer_edge.training import targets, trainer, weights
from fer_edge.training.load_tensorflow import load_tensorflow
from fer_edge.training.trainer import Hooks, Job

if TYPE_CHECKING:
    from fer_edge.pipeline.pipeline import Run
    from quantization.tflite.convert import Normalisation


def train(run: "Run", out: Path) -> None:
    """Train the float net, from chance or from the weights that `--init` names."""
    model, job = float_training(run, out)
    trainer.fit(model, replace(job, lessons=teacher_stage.answers(run)))


def float_training(run: "Run", out: Path) -> tuple[Any, Job]:
    """The net and the job of the stage `train`, before its first epoch and without a teacher."""
    recipe = run.recipe
    job, heads = training_job(run, recipe.train, out)
    model = recipe.model.build(
        heads, seed=recipe.seed, side=None if recipe.train.small_epochs else 48
    )
    if run.init:
        data = splits.training(run.data, recipe).train
        labels = {head: targets.label_names(data, head) for head in heads}
        initial_weights.find(run.init).give(model, labels)
    if recipe.train.bfloat16:
        model = convolutions_in_bfloat16(model)

    def side(epoch: int) -> int:
        return recipe.train.small_side if epoch < recipe.train.small_epochs else 48

    return model, replace(job, ema=recipe.train.ema, side=side)


def prune(run: "Run", out: Path) -> None:
    """Take weights out of the float net while it goes on learning, with its old self as teacher."""
    from quantization.pruning import magnitude

    phase = run.recipe.prune
    assert phase is not None
    job, _ = training_job(run, phase, out, teacher=trained_model(run))
    steps = len(job.train) // job.batch
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
    parent = net(run, _pruned_weights(run), kept=_kept(run))
    wrapped = clustering.cluster(
        parent, clusters=phase.clusters, keep_zeros=run.recipe.prune is not None
    )
    job, _ = training_job(run, phase, out, teacher=trained_model(run))
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
    job, _ = training_job(run, phase, out, teacher=trained_model(run))

    # Ranges that start where the activations are; those of a resumed run replace them.
    images = calibration_images(job.train.images, phase.calibration)
    qat.calibrate(model, images, normalisation=scaling(run), ranges=phase.ranges)

    def freeze(epoch: int) -> bool:
        return qat.set_batchnorm_frozen(model, epoch >= phase.freeze_batchnorm_after) > 0

    trainer.fit(model, replace(job, hooks=Hooks(before_epoch=freeze)))


def trained_model(run: "Run") -> Any:
    """The float net as the stage `train` left it, of full width: what later stages learn from."""
    return net(run, run.folder("train") / "weights.npz")


def float_model(run: "Run") -> Any:
    """The float net that is exported, and that pruning and int8 start from."""
    return net(run, float_weights(run), kept=_kept(run))


def float_weights(run: "Run") -> Path:
    """The file with the weights of `float_model`."""
    return run.folder("channels" if run.recipe.channels else "train") / "weights.npz"


def qat_model(run: "Run", *, load: bool = True) -> Any:
    """The quantization-aware net, warm-started from the clustered, the pruned or the float net.

    Args:
        run: the run.
        load: give it the weights of the stage `quantize`.
    """
    from quantization.qat import quantize_aware as qat

    clusters = run.recipe.cluster
    parent = run.folder("cluster") / "clustered.npz" if clusters else _pruned_weights(run)
    model = qat.quantize_aware(
        net(run, parent, kept=_kept(run)),
        normalisation=scaling(run),
        keep_zeros=run.recipe.prune is not None,
        clusters=clusters.clusters if clusters else 0,
    )
    if load:
        weights.load(model, run.folder("quantize") / "weights.npz")
    return model


def scaling(run: "Run") -> "Normalisation":
    """How the run's net wants its pixels."""
    from quantization.tflite.convert import Normalisation

    return Normalisation(*run.recipe.model.normalisation)


def net(run: "Run", path: Path, *, kept: Mapping[str, Sequence[int]] | None = None) -> Any:
    """The run's float net with the weights of a file, without dropout.

    Args:
        run: the run.
        path: of the weights.
        kept: by group the channels that the stage `channels` left; all where it is None.
    """
    load_tensorflow()
    heads = targets.head_sizes(splits.training(run.data, run.recipe).train, run.recipe)
    model = run.recipe.model.build(heads, dropout=False, seed=run.recipe.seed)
    if kept:
        from quantization.channels import prune as channels

        model = channels.keep(model, kept)
    weights.load(model, path)
    return model


def _save_zeros(model: Any, out: Path) -> None:
    from quantization.pruning import magnitude

    with replacing(out / "zeros.json") as partial:
        partial.write_text(json.dumps(magnitude.zero_fraction(model), indent=1) + "\n")


def _kept(run: "Run") -> Mapping[str, Sequence[int]] | None:
    """What is left of the net's channels, once the stage `channels` is done."""
    return (
        channels_stage.load(run.folder("channels") / channels_stage.KEPT)
        if run.recipe.channels
        else None
    )


def _pruned_weights(run: "Run") -> Path:
    return run.folder("prune") / "pruned.npz" if run.recipe.prune else float_weights(run)


def training_job(
    run: "Run", phase: Phase, out: Path, *, teacher: Any = None
) -> tuple[Job, dict[str, int]]:
    """The training job of a stage, and the number of labels by head."""
    load_tensorflow()
    recipe = run.recipe
    data = splits.training(run.data, recipe)
    heads = targets.head_sizes(data.train, recipe)
    job = Job(
        phase=phase,
        train=targets.labelled(data.train, heads, recipe.train),
        val=None if data.val is None else targets.labelled(data.val, heads, recipe.train),
        batch=recipe.train.batch,
        seed=recipe.seed,
        augment=recipe.augment,
        normalisation=recipe.model.normalisation,
        out=out,
        title=f"{out.name} {recipe.name}",
        teacher=teacher,
    )
    return job, heads
