"""The channel pruning stage: channels are removed in steps, with training after each.

Each step has a folder with the channels it keeps (`kept.json`, numbered as in the trained net) and
its training. An interrupted stage continues in the step where it stopped.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from device.system.atomic_file import replacing
from fer_edge.data.calibration_images import calibration_images
from fer_edge.pipeline import artifacts, teacher
from fer_edge.pipeline.job import training_job
from fer_edge.pipeline.kept_channels import KEPT, Kept, load, save
from fer_edge.recipe import Channels
from fer_edge.training import trainer, weights
from fer_edge.training.trainer import Job

if TYPE_CHECKING:
    from fer_edge.pipeline.run import Run
    from quantization.channels.selection import Measure


def prune_channels(
    run: "Run", out: Path, section: Channels, soft_targets: Path | None = None
) -> None:
    """Remove channels until the target is met, distilling from the trained net of full width.

    Args:
        run: the run.
        out: the stage's folder.
        section: the recipe's section.
        soft_targets: the folder with the teacher's soft targets; None without a teacher.
    """
    from quantization.channels import prune
    from quantization.channels.analysis import analyze

    wide = artifacts.trained_model(run)
    job, _ = training_job(run, section, out, teacher=wide)
    if section.soft_targets and soft_targets and run.recipe.teacher:
        cached = teacher.soft_targets(run, run.recipe.teacher, soft_targets)
        job = replace(job, soft_targets=cached)
    job = replace(job, ema=section.ema)
    net, kept = wide, Kept()
    for step in range(1, section.steps + 1):
        folder = out / f"step{step}"
        path = folder / KEPT
        if not path.exists():
            share = section.share ** (step / section.steps)
            save(_compose(kept, _select(run, net, wide, job, section, share)), path)
        before, kept = kept, load(path)
        net = prune.keep(net, _renumber(kept, before))
        last = step == section.steps
        epochs = section.epochs + (section.recovery if last else 0)
        trainer.fit(
            net,
            replace(
                job,
                phase=section.model_copy(update={"epochs": epochs}),
                out=folder,
                title=f"channels {step}/{section.steps} {run.recipe.name}",
            ),
        )
    weights.save(net, out / "weights.npz")
    save(kept, out / KEPT)
    figures = {
        name: {"multiply_adds": layout.multiply_adds(), "weight_bytes": layout.weight_bytes()}
        | {"widths": {g.name: g.size for g in layout.groups.values() if g.free}}
        for name, layout in (("before", analyze(wide)), ("after", analyze(net)))
    }
    with replacing(out / "cost.json") as partial:
        partial.write_text(json.dumps(figures, indent=1) + "\n")


def _select(run: "Run", net: Any, wide: Any, job: Job, section: Channels, share: float) -> Kept:
    """Channels of `net` to keep, in its own numbering, for a share of the cost of `wide`."""
    from quantization.channels import importance, selection
    from quantization.channels.analysis import analyze

    rows = _spread(len(job.train.first), section.images)
    scores = importance.measure(
        net,
        section.importance,
        images=artifacts.normalization(run).apply(job.train.first.images[rows]),
        targets=[target[rows] for target in job.train.first.targets.values()],
    )
    if section.target not in ("multiply_adds", "size"):
        measure = _ratio(run, wide, job, section.target)
        ratio = measure(net) if net is not wide else 1.0
        if ratio <= share:
            return {}
        return selection.select_channels(
            net,
            scores,
            target="latency",
            share=share / ratio,
            measure=lambda candidate: measure(candidate) / ratio,
            multiple=section.width_multiple,
        )
    static: Literal["multiply_adds", "size"] = (
        "size" if section.target == "size" else "multiply_adds"
    )
    cost, whole = (
        layout.weight_bytes() if section.target == "size" else layout.multiply_adds()
        for layout in (analyze(net), analyze(wide))
    )
    if cost <= share * whole:
        return {}
    return selection.select_channels(
        net,
        scores,
        target=static,
        share=share * whole / cost,
        multiple=section.width_multiple,
    )


def _spread(images: int, sample: int) -> slice:
    """About `sample` of the training images, at equal distances."""
    return slice(0, None, max(1, images // sample))


def _ratio(run: "Run", wide: Any, job: Job, target: str) -> "Measure":
    """Make what measures a candidate against the wide net: its latency, or its instructions."""
    from fer_edge.pipeline import instructions, latency

    images = calibration_images(job.train.first.images, 100)
    normalization = artifacts.normalization(run)
    if core := instructions.find_core(target):
        return instructions.instruction_ratio(wide, images, normalization=normalization, core=core)
    return latency.latency_ratio(wide, images, normalization=normalization)


def _compose(kept: Kept, chosen: Kept) -> Kept:
    """Renumber `chosen`, numbered as the pruned net, as in the wide net."""
    stays = {group: [kept[group][i] for i in chosen[group]] for group in kept if group in chosen}
    return kept | chosen | stays


def _renumber(kept: Kept, before: Kept) -> Kept:
    """Renumber `kept`, numbered as the wide net, as in the net that `before` left."""
    return {
        group: [before[group].index(i) for i in channels] if group in before else channels
        for group, channels in kept.items()
    }
