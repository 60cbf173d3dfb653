"""A pipeline run: its recipe, its data and the folders of its stages."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from device.labels import FER2013
from fer_edge.data import splits
from fer_edge.recipe import Recipe


@dataclass(frozen=True)
class Run:
    """A pipeline run.

    Attributes:
        recipe: the recipe.
        data: `.npz` from `fer-edge data prepare`.
        out: folder of the run.
        teacher: folder of the teacher's run, if several students share it, or `zoo:teacher`; None
            for a teacher inside `out`.
        init: initial weights as given by `--init`; None for random weights.
    """

    recipe: Recipe
    data: Path
    out: Path
    teacher: str | None = None
    init: str | None = None

    @cached_property
    def training_data(self) -> splits.TrainingData:
        """The images for training and model selection, loaded once for all stages.

        Raises:
            InputError: the data file is invalid or lacks a split.
        """
        return splits.training(self.data, self.recipe)

    @cached_property
    def test_data(self) -> splits.TestData:
        """The images on which the finished files are evaluated.

        Raises:
            InputError: the data file is invalid or has no test split.
        """
        return splits.testing(self.data, self.recipe)

    def folder(self, stage: str) -> Path:
        """The folder of a stage."""
        return self.out / stage


def file_stem(head: str, labels: tuple[str, ...]) -> str:
    """File name stem of a head's files: `own` if its labels are not FER2013's."""
    return "own" if head == "fer2013" and labels != FER2013 else head


def model_files(run: Run) -> list[Path]:
    """The exported files, float32 first, since the others are compared with it."""
    found = run.folder("export").glob("*.tflite")
    return sorted(found, key=lambda p: (not p.stem.endswith("float32"), p.name))
