"""The training job of a stage."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.pipeline import mixed_sources
from fer_edge.recipe import Phase
from fer_edge.training import targets
from fer_edge.training.job import Job
from fer_edge.training.load_tensorflow import load_tensorflow
from fer_edge.training.mixture import LabeledImages, Mixture, StreamedImages

if TYPE_CHECKING:
    from fer_edge.pipeline.run import Run


def training_job(
    run: "Run", phase: Phase, out: Path, *, teacher: Any = None
) -> tuple[Job, dict[str, int]]:
    """The training job of a stage, and the number of labels of each head."""
    load_tensorflow()
    recipe = run.recipe
    data = run.training_data
    heads = targets.head_sizes(data.train, recipe)
    parts = [
        mixed_sources.mixed(name, section, data, heads, recipe.train)
        for name, section in recipe.data.sources.items()
    ]
    sample = targets.labeled(data.train, heads, recipe.train)
    first: LabeledImages | StreamedImages = sample
    if data.stream is not None:
        targets_of = partial(
            targets.of_rows, heads=heads, train=recipe.train, counts=data.stream.counts
        )
        first = StreamedImages(data.stream, sample, targets_of)
    job = Job(
        phase=phase,
        train=Mixture(
            first,
            recipe.train.batch,
            tuple(part.source for part in parts),
        ),
        val=None if data.val is None else targets.labeled(data.val, heads, recipe.train),
        others={part.source.name: part.val for part in parts if part.val is not None},
        seed=recipe.seed,
        augment=recipe.augment,
        normalization=recipe.model.normalization,
        out=out,
        title=f"{out.name} {recipe.name}",
        teacher=teacher,
        head_weights={"ferplus": recipe.train.ferplus_weight},
        occlusion_weight=recipe.train.occlusion_weight if recipe.model.finds_occlusion else 0.0,
    )
    return job, heads
