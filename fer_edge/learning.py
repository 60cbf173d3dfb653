"""The three stages that train: the float net, the pruned one, the quantization-aware one."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.files import replacing
from fer_edge import initial, splits, teaching
from fer_edge.calibration import calibration_images
from fer_edge.recipe import Phase
from fer_edge.silence import load_tensorflow
from fer_edge.training import targets, trainer, weights
from fer_edge.training.trainer import Hooks, Job

if TYPE_CHECKING:
    from fer_edge.pipeline import Run
    from quantization.convert import Normalisation


def train(run: "Run", out: Path) -> None:
    """Train the float net, from chance or from the weights that `--init` names."""
    recipe = run.recipe
    job, heads = training_job(run, recipe.train, out)
    model = recipe.model.build(
        heads, seed=recipe.seed, side=None if recipe.train.small_epochs else 48
    )
    if run.init:
        data = splits.training(run.data, recipe).train
        labels = {head: targets.label_names(data, head) for head in heads}
        initial.find(run.init).give(model, labels)

    def side(epoch: int) -> int:
        return recipe.train.small_side if epoch < recipe.train.small_epochs else 48

    trainer.fit(
        model,
        replace(job, ema=recipe.train.ema, side=side, lessons=teaching.answers(run)),
    )


def prune(run: "Run", out: Path) -> None:
    """Take weights out of the float net while it goes on learning, with its old self as teacher."""
    from quantization import pruning

    phase = run.recipe.prune
    assert phase is not None
    teacher = float_model(run)
    job, _ = training_job(run, phase, out, teacher=teacher)
    steps = len(job.train) // job.batch
    end = int(steps * phase.epochs * phase.ramp)
    wrapped, hook = pruning.prune(
        float_model(run), sparsity=phase.sparsity, begin_step=0, end_step=end
    )
    hooks = Hooks(before_step=hook.before_step, after_epoch=lambda _: hook.after_epoch())
    trainer.fit(wrapped, replace(job, hooks=hooks, selectable=end // steps))
    pruned = pruning.strip(wrapped)
    weights.save(pruned, out / "pruned.npz")
    with replacing(out / "zeros.json") as partial:
        partial.write_text(json.dumps(pruning.zero_fraction(pruned), indent=1) + "\n")


def quantize(run: "Run", out: Path) -> None:
    """Let the net learn to live with 8 bits, with its float self as teacher."""
    from quantization import qat

    phase = run.recipe.quantize
    assert phase is not None
    model = qat_model(run, load=False)
    job, _ = training_job(run, phase, out, teacher=float_model(run))

    # Ranges that start where the activations are; those of a resumed run replace them.
    images = calibration_images(job.train.images, phase.calibration)
    qat.calibrate(model, images, normalisation=scaling(run))

    def freeze(epoch: int) -> bool:
        return qat.set_batchnorm_frozen(model, epoch >= phase.freeze_batchnorm_after) > 0

    trainer.fit(model, replace(job, hooks=Hooks(before_epoch=freeze)))


def float_model(run: "Run") -> Any:
    """The float net with the weights of the stage `train`, without dropout."""
    return net(run, run.folder("train") / "weights.npz")


def qat_model(run: "Run", *, load: bool = True) -> Any:
    """The quantization-aware net, warm-started from the pruned or the float net.

    Args:
        run: the run.
        load: give it the weights of the stage `quantize`.
    """
    from quantization import qat

    pruned = run.recipe.prune is not None
    parent = run.folder("prune") / "pruned.npz" if pruned else run.folder("train") / "weights.npz"
    model = qat.quantize_aware(
        net(run, parent),
        normalisation=scaling(run),
        keep_zeros=pruned,
    )
    if load:
        weights.load(model, run.folder("quantize") / "weights.npz")
    return model


def scaling(run: "Run") -> "Normalisation":
    """How the run's net wants its pixels."""
    from quantization.convert import Normalisation

    return Normalisation(*run.recipe.model.normalisation)


def net(run: "Run", path: Path) -> Any:
    """The run's float net with the weights of a file, without dropout."""
    load_tensorflow()
    heads = targets.head_sizes(splits.training(run.data, run.recipe).train, run.recipe)
    model = run.recipe.model.build(heads, dropout=False, seed=run.recipe.seed)
    weights.load(model, path)
    return model


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
