"""The stage that takes channels out of the float net, in steps with training between them.

Each step has a folder: which channels stay (`kept.json`, numbered as in the net that was trained),
and its training. An interrupted stage goes on in the step where it was.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.system.atomic_file import replacing
from fer_edge.data.calibration_images import calibration_images
from fer_edge.pipeline import artifacts
from fer_edge.pipeline.job import training_job
from fer_edge.pipeline.kept_channels import KEPT, Kept, load, save
from fer_edge.recipe import Channels
from fer_edge.training import trainer, weights
from fer_edge.training.trainer import Job

if TYPE_CHECKING:
    from fer_edge.pipeline.run import Run
    from quantization.channels.selection import Measure


def prune_channels(run: "Run", out: Path) -> None:
    """Take channels out until the target is met, with the wide net as teacher all the way."""
    from quantization.channels import prune
    from quantization.channels.analysis import analyze

    phase = run.recipe.channels
    assert phase is not None
    wide = artifacts.trained_model(run)
    job, _ = training_job(run, phase, out, teacher=wide)
    net, kept = wide, Kept()
    for step in range(1, phase.steps + 1):
        folder = out / f"step{step}"
        path = folder / KEPT
        if not path.exists():
            share = phase.share ** (step / phase.steps)
            save(_compose(kept, _select(run, net, wide, job, share)), path)
        before, kept = kept, load(path)
        net = prune.keep(net, _renumber(kept, before))
        last = step == phase.steps
        epochs = phase.epochs + (phase.recovery if last else 0)
        trainer.fit(
            net,
            replace(
                job,
                phase=phase.model_copy(update={"epochs": epochs}),
                out=folder,
                title=f"channels {step}/{phase.steps} {run.recipe.name}",
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


def _select(run: "Run", net: Any, wide: Any, job: Job, share: float) -> Kept:
    """What stays of a net, by its own numbers, for a share of what the wide net costs."""
    from fer_edge.pipeline import artifacts
    from quantization.channels import importance, selection
    from quantization.channels.analysis import analyze

    phase = run.recipe.channels
    assert phase is not None
    rows = _spread(len(job.train.first), phase)
    scores = importance.measure(
        net,
        phase.importance,
        images=artifacts.scaling(run).apply(job.train.first.images[rows]),
        targets=[target[rows] for target in job.train.first.targets.values()],
    )
    if phase.target == "latency":
        measure = _latency_ratio(run, wide, job)
        ratio = measure(net) if net is not wide else 1.0
        if ratio <= share:
            return {}
        return selection.select_channels(
            net,
            scores,
            target="latency",
            share=share / ratio,
            measure=lambda candidate: measure(candidate) / ratio,
        )
    cost, whole = (
        layout.weight_bytes() if phase.target == "size" else layout.multiply_adds()
        for layout in (analyze(net), analyze(wide))
    )
    if cost <= share * whole:
        return {}
    return selection.select_channels(net, scores, target=phase.target, share=share * whole / cost)


def _spread(images: int, phase: Channels) -> slice:
    """Every so many training images, so that few of them come from all over the split."""
    return slice(0, None, max(1, images // phase.images))


def _latency_ratio(run: "Run", wide: Any, job: Job) -> "Measure":
    from fer_edge.pipeline import artifacts
    from fer_edge.pipeline.latency import latency_ratio

    return latency_ratio(
        wide, calibration_images(job.train.first.images, 100), normalization=artifacts.scaling(run)
    )


def _compose(kept: Kept, chosen: Kept) -> Kept:
    """What stays by the wide net's numbers, of what was chosen by the narrow net's numbers."""
    stays = {group: [kept[group][i] for i in chosen[group]] for group in kept if group in chosen}
    return kept | chosen | stays


def _renumber(kept: Kept, before: Kept) -> Kept:
    """From the wide net's numbers to those of the net that had `before` left."""
    return {
        group: [before[group].index(i) for i in channels] if group in before else channels
        for group, channels in kept.items()
    }
