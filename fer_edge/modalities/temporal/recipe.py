"""Recipe of the temporal head: all settings of a run."""

from collections.abc import Sequence
from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt
from pydantic import model_validator

from fer_edge.recipe import file
from fer_edge.section import Section

NAME = "temporal"

Rate = Annotated[float, Ge(1), Le(240)]


class Simulation(Section):
    """Sequences simulated from still faces.

    Attributes:
        train, val, test: number of sequences.
        frames: frames per sequence.
        segments: maximum number of expressions in a sequence.
        fps: range of the frame rate in training.
        evaluated_fps: frame rate of the sequences of val and test.
        dropped: fraction of frames in training that follow a gap of one to three frames.
        severity: strength of motion, light, blur and noise.
        drawn: fraction of the training sequences that are generated faces.
    """

    train: Annotated[int, Ge(2), Le(1_000_000)] = 1200
    val: Annotated[int, Ge(2), Le(100_000)] = 300
    test: Annotated[int, Ge(2), Le(100_000)] = 400
    frames: Annotated[int, Ge(2), Le(10_000)] = 90
    segments: Annotated[int, Ge(1), Le(20)] = 3
    fps: tuple[Rate, Rate] = (8.0, 30.0)
    evaluated_fps: Rate = 15.0
    dropped: Annotated[float, Ge(0), Lt(1)] = 0.05
    severity: Annotated[float, Ge(0), Le(5)] = 1.0
    drawn: Annotated[float, Ge(0), Le(1)] = 0.0

    @model_validator(mode="after")
    def _check(self) -> "Simulation":
        if self.fps[0] > self.fps[1]:
            raise ValueError("fps is a range: the first number must be at most the second")
        return self


class Net(Section):
    """Architecture.

    Attributes:
        units: number of units of the GRU, which is the size of the state.
    """

    units: Annotated[int, Ge(4), Le(128)] = 24


class Train(Section):
    """Training settings.

    Attributes:
        epochs: number of epochs; the weights of the epoch that is best on val are kept.
        batch_size: sequences per step.
        learning_rate: peak learning rate of Adam, with cosine decay to 0.
        temperature: range of the exponents by which probabilities are flattened, drawn for each
            sequence, because a classifier is more confident on faces of its own training.
        label_smoothing: fraction of the target that is spread over all classes.
    """

    epochs: Annotated[int, Ge(1), Le(10_000)] = 40
    batch_size: Annotated[int, Ge(1), Le(4096)] = 32
    learning_rate: Annotated[float, Gt(0), Le(1)] = 4e-3
    temperature: tuple[Annotated[float, Gt(0), Le(1)], Annotated[float, Gt(0), Le(1)]] = (0.5, 1.0)
    label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.0


class TemporalRecipe(Section):
    """Sections of the recipe."""

    name: str
    description: str = ""
    seed: Annotated[int, Ge(0)] = 0
    simulation: Simulation = Simulation()
    net: Net = Net()
    train: Train = Train()


def load(recipe: str = NAME, overrides: Sequence[str] = ()) -> TemporalRecipe:
    """Load the recipe `temporal`, or a `.toml` file; see `file.load_modality`."""
    return file.load_modality(TemporalRecipe, NAME, recipe, overrides)
