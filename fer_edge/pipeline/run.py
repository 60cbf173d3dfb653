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
        data: a `.npz` of `fer-edge data prepare`.
        out: the run's folder.
        teacher: folder of the teacher's run, for students that share one, or `zoo:teacher`; None
            for a teacher inside `out`.
        init: initial weights, as `--init` names them; None for random ones.
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
        """The folder of a stage."""
        return self.out / stage


def file_stem(head: str, labels: tuple[str, ...]) -> str:
    """How the files of a head are called: `own` where its labels are not FER2013's."""
    return "own" if head == "fer2013" and labels != FER2013 else head


def model_files(run: Run) -> list[Path]:
    """The exported files, float32 first: the others are compared with them."""
    found = run.folder("export").glob("*.tflite")
    return sorted(found, key=lambda p: (not p.stem.endswith("float32"), p.name))
