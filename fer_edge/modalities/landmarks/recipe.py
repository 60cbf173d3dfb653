"""The recipe of a net for landmarks: every number that a run depends on."""

from collections.abc import Sequence
from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen

from fer_edge.recipe import file
from fer_edge.section import Section

NAME = "landmarks"

Filters = Annotated[int, Ge(4), Le(512)]


class Data(Section):
    """The drawn faces.

    Attributes:
        faces: number of faces for training.
        test: number of faces of other persons, which are measured on.
        yaw: standard deviation of the yaw of training faces in degrees; a quarter of the faces
            has any yaw up to 60 degrees.
        pitch: standard deviation of the pitch in degrees.
        roll: standard deviation of the roll in degrees.
    """

    faces: Annotated[int, Ge(8), Le(1_000_000)] = 16_000
    test: Annotated[int, Ge(8), Le(100_000)] = 2000
    yaw: Annotated[float, Ge(0), Le(30)] = 20.0
    pitch: Annotated[float, Ge(0), Le(20)] = 11.0
    roll: Annotated[float, Ge(0), Le(20)] = 6.0


class Net(Section):
    """The net.

    Attributes:
        size: side of the input in pixels.
        filters: filters of the stem and of the three stages after it, each of which halves the
            picture.
        embedding: filters of the last convolution, which the dense layer sees with their places.
    """

    size: Annotated[int, Ge(48), Le(96)] = 64
    filters: Annotated[tuple[Filters, ...], MinLen(4), MaxLen(4)] = (16, 48, 96, 144)
    embedding: Annotated[int, Ge(4), Le(256)] = 40


class Augment(Section):
    """Changes to a training face, drawn anew in each epoch.

    Attributes:
        shift: largest error of the detector's box, as a fraction of its side.
        scale: largest error of its side, as a fraction.
        turn: largest rotation in degrees.
        light: strength of the changes of contrast, gamma and direction of the light, 0 for none.
        blur: largest blur in pixels.
        noise: largest standard deviation of the noise in gray levels.
        small: share of faces that are shrunk to a camera's few pixels and enlarged again.
        cover: share of faces of which a patch is covered.
    """

    shift: Annotated[float, Ge(0), Le(0.3)] = 0.09
    scale: Annotated[float, Ge(0), Le(0.3)] = 0.13
    turn: Annotated[float, Ge(0), Le(45)] = 15.0
    light: Annotated[float, Ge(0), Le(2)] = 1.0
    blur: Annotated[float, Ge(0), Le(5)] = 1.4
    noise: Annotated[float, Ge(0), Le(50)] = 12.0
    small: Annotated[float, Ge(0), Le(1)] = 0.3
    cover: Annotated[float, Ge(0), Le(1)] = 0.4


class Train(Section):
    """The training.

    Attributes:
        epochs: passes over the faces; the weights of the last are kept.
        batch_size: faces a step.
        learning_rate: largest rate of AdamW; it falls to 0 along a cosine.
        weight_decay: decoupled weight decay.
        pseudo: share of each batch of real faces, whose five points are a detector's; 0 without
            `--real`.
    """

    epochs: Annotated[int, Ge(1), Le(10_000)] = 30
    batch_size: Annotated[int, Ge(1), Le(4096)] = 128
    learning_rate: Annotated[float, Gt(0), Le(1)] = 3e-3
    weight_decay: Annotated[float, Ge(0), Le(1)] = 1e-3
    pseudo: Annotated[float, Ge(0), Lt(1)] = 0.4


class LandmarkRecipe(Section):
    """All sections."""

    name: str
    description: str = ""
    seed: Annotated[int, Ge(0)] = 0
    data: Data = Data()
    net: Net = Net()
    augment: Augment = Augment()
    train: Train = Train()


def load(recipe: str = NAME, overrides: Sequence[str] = ()) -> LandmarkRecipe:
    """Load the recipe `landmarks`, or a `.toml` file; see `file.load_modality`."""
    return file.load_modality(LandmarkRecipe, NAME, recipe, overrides)
