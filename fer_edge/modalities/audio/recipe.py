"""Recipe of the speech model: all settings of a run."""

from collections.abc import Sequence
from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen

from device.modalities.audio.classifier import STEP
from fer_edge.recipe import file
from fer_edge.section import Section

NAME = "audio"

Filters = Annotated[int, Ge(1), Le(256)]


class Net(Section):
    """Architecture.

    Attributes:
        filters: number of filters of each of the three convolutions.
        embedding: size of the dense layer.
        units: number of units of the GRU, which is the size of the state.
    """

    filters: Annotated[tuple[Filters, ...], MinLen(3), MaxLen(3)] = (16, 32, 48)
    embedding: Annotated[int, Ge(4), Le(512)] = 64
    units: Annotated[int, Ge(4), Le(256)] = 48


class Augment(Section):
    """Augmentation of training recordings, drawn anew in each epoch.

    Attributes:
        gain: maximum change of the level in dB, up or down.
        equalizer: standard deviation in dB of a smooth gain curve over frequency.
        pitch: maximum shift in mel bands.
        stretch: maximum relative change of the duration.
        noise: fraction of recordings with added noise.
        frequency_mask, time_mask: maximum number of masked bands and frames (SpecAugment, Park et
            al. 2019).
    """

    gain: Annotated[float, Ge(0), Le(40)] = 6.0
    equalizer: Annotated[float, Ge(0), Le(20)] = 1.3
    pitch: Annotated[float, Ge(0), Le(16)] = 2.0
    stretch: Annotated[float, Ge(0), Le(0.5)] = 0.15
    noise: Annotated[float, Ge(0), Le(1)] = 0.3
    frequency_mask: Annotated[int, Ge(0), Le(32)] = 8
    time_mask: Annotated[int, Ge(0), Le(100)] = 10


class Train(Section):
    """Training settings.

    Attributes:
        epochs: number of epochs; the weights of the last one are kept.
        batch_size: recordings per step.
        frames: length to which recordings are cropped or padded.
        learning_rate: peak learning rate of AdamW, with cosine decay to 0.
        weight_decay: decoupled weight decay.
        dropout: dropout rate.
        label_smoothing: fraction of the target that is spread over all classes.
    """

    epochs: Annotated[int, Ge(1), Le(10_000)] = 100
    batch_size: Annotated[int, Ge(1), Le(4096)] = 16
    frames: Annotated[int, Ge(STEP), Le(10_000)] = 120
    learning_rate: Annotated[float, Gt(0), Le(1)] = 3e-3
    weight_decay: Annotated[float, Ge(0), Le(1)] = 0.01
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.2
    label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.05


class Validation(Section):
    """Cross-validation settings.

    Attributes:
        folds: number of folds; with at least the number of speakers it is leave-one-speaker-out.
    """

    folds: Annotated[int, Ge(2), Le(1000)] = 5


class AudioRecipe(Section):
    """Sections of the recipe."""

    name: str
    description: str = ""
    seed: Annotated[int, Ge(0)] = 0
    net: Net = Net()
    augment: Augment = Augment()
    train: Train = Train()
    validation: Validation = Validation()


def load(recipe: str = NAME, overrides: Sequence[str] = ()) -> AudioRecipe:
    """Load the recipe `audio`, or a `.toml` file; see `file.load_modality`."""
    return file.load_modality(AudioRecipe, NAME, recipe, overrides)
