"""A pipeline run: its recipe, its data and the folders of its stages."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fer_edge.data import splits
from fer_edge.recipe import Recipe


@dataclass(frozen=True)
class Run:
    """What a pipeline run is about.

    Attributes:
        recipe: every number of it.
        data: a `.npz` of `fer-edge data prepare`.
        out: the run's folder.
        teacher: the folder of the teacher's run, for students that share one, or `zoo:teacher`;
            inside `out` where it is None.
        init: what the float net starts from, as `--init` names it; chance where it is None.
    """

    recipe: Recipe
    data: Path
    out: Path
    teacher: str | None = None
    init: str | None = None

    @cached_property
    def training_data(self) -> splits.TrainingData:
        """The images that train and select, loaded once for all stages.

        Raises:
            InputError: the data file is none, or lacks a split.
        """
        return splits.training(self.data, self.recipe)

    @cached_property
    def test_data(self) -> splits.TestData:
        """The images that the finished files are evaluated on.

        Raises:
            InputError: the data file is none, or has no test split.
        """
        return splits.testing(self.data, self.recipe)

    def folder(self, stage: str) -> Path:
        """The folder that a stage leaves its files in."""
        return self.out / stage


def model_files(run: Run) -> list[Path]:
    """The exported files, the float32 ones first: what the others are compared with."""
    found = run.folder("export").glob("*.tflite")
    return sorted(found, key=lambda p: (not p.stem.endswith("float32"), p.name))
