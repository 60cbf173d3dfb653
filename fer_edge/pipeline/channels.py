"""The channel pruning stage: removes channels in steps, with training after each.

Each step has a folder with the channels it keeps (`kept.json`, indices of the trained net) and its
training. An interrupted stage continues with the step at which it stopped.
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
from fer_edge.training.job import Job

if TYPE_CHECKING:
    from fer_edge.pipeline.run import Run
    from quantization.channels.selection import Measure


def prune_channels(
    run: "Run", out: Path, section: Channels, soft_targets: Path | None = None
) -> None:
    """Remove channels until the target is met, distilling from the trained net at full width.

    Args:
        run: the run.
        out: folder of the stage.
        section: `[channels]` section of the recipe.
        soft_targets: folder of the teacher's soft targets; None without a teacher.
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
    """Select the channels of `net` to keep, by its indices, for a share of the cost of `wide`."""
    from quantization.channels import importance, selection
    from quantization.channels.analysis import analyze

    rows = _spread(len(job.train.first.sample), section.images)
    scores = importance.measure(
        net,
        section.importance,
        images=artifacts.normalization(run).apply(job.train.first.sample.images[rows]),
        targets=[target[rows] for target in job.train.first.sample.targets.values()],
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
    """A slice of about `sample` training images at equal distances."""
    return slice(0, None, max(1, images // sample))


def _ratio(run: "Run", wide: Any, job: Job, target: str) -> "Measure":
    """Make the function that measures a candidate's latency or instructions relative to `wide`."""
    from fer_edge.pipeline import instructions, latency

    images = calibration_images(job.train.first.sample.images, 100)
    normalization = artifacts.normalization(run)
    if core := instructions.find_core(target):
        return instructions.instruction_ratio(wide, images, normalization=normalization, core=core)
    return latency.latency_ratio(wide, images, normalization=normalization)


def _compose(kept: Kept, chosen: Kept) -> Kept:
    """Convert `chosen`, indices of the pruned net, to indices of the wide net."""
    stays = {group: [kept[group][i] for i in chosen[group]] for group in kept if group in chosen}
    return kept | chosen | stays


def _renumber(kept: Kept, before: Kept) -> Kept:
    """Convert `kept`, indices of the wide net, to indices of the net that `before` left."""
    return {
        group: [before[group].index(i) for i in channels] if group in before else channels
        for group, channels in kept.items()
    }
