"""Recipe of the text model: all settings of a run."""

from collections.abc import Sequence
from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import model_validator

from device.modalities.text.features import NGrams
from fer_edge.recipe import file
from fer_edge.section import Section

NAME = "text"

Rate = Annotated[float, Ge(0), Lt(1)]


class Features(Section):
    """Input features, see `device.modalities.text.features.NGrams`."""

    buckets: Annotated[int, Ge(100), Le(1 << 20)] = 24576
    words: Annotated[int, Ge(4), Le(512)] = 40
    per_word: Annotated[int, Ge(2), Le(128)] = 24
    shortest: Annotated[int, Ge(1), Le(8)] = 2
    longest: Annotated[int, Ge(1), Le(8)] = 4

    @model_validator(mode="after")
    def _check(self) -> "Features":
        if self.longest < self.shortest:
            raise ValueError("longest is below shortest: longest must be at least shortest")
        return self

    @property
    def ngrams(self) -> NGrams:
        """Return the parameters as the type that `device` uses."""
        return NGrams(**self.model_dump())


class Net(Section):
    """Architecture: an embedding bag per word, a convolution over words, two poolings.

    Attributes:
        embedding: size of an embedding; with the number of buckets it determines the file size.
        filters: number of filters of the convolution.
        kernel: width of the convolution in words.
    """

    embedding: Annotated[int, Ge(2), Le(256)] = 24
    filters: Annotated[int, Ge(1), Le(512)] = 64
    kernel: Annotated[int, Ge(1), Le(9)] = 3


class Train(Section):
    """Training settings.

    Attributes:
        epochs: number of epochs; the weights with the lowest loss on val are kept.
        batch_size: texts per step.
        learning_rate: initial learning rate of Adam, with cosine decay to 0.
        ngram_dropout: fraction of n-grams dropped per step.
        word_dropout: fraction of words dropped per step.
        dropout: fraction of pooled features dropped per step.
        prior_exponents: candidate exponents for dividing the training prior out of the trained
            model (Menon et al. 2021, "Long-tail learning via logit adjustment"); the exponent with
            the largest mean of top-1 and macro-F1 on val is used.
    """

    epochs: Annotated[int, Ge(1), Le(1000)] = 5
    batch_size: Annotated[int, Ge(1), Le(8192)] = 128
    learning_rate: Annotated[float, Gt(0), Le(1)] = 2e-3
    ngram_dropout: Rate = 0.2
    word_dropout: Rate = 0.1
    dropout: Rate = 0.4
    prior_exponents: Annotated[tuple[Annotated[float, Ge(0), Le(1)], ...], MinLen(1)] = (
        *(0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
    )


class Quantize(Section):
    """Post-training quantization to int8.

    Attributes:
        texts: number of training texts for the calibration of the activations.
    """

    texts: Annotated[int, Ge(10), Le(10000)] = 500


class TextRecipe(Section):
    """Sections of the recipe."""

    name: str
    description: str = ""
    seed: Annotated[int, Ge(0)] = 0
    features: Features = Features()
    net: Net = Net()
    train: Train = Train()
    quantize: Quantize = Quantize()


def load(recipe: str = NAME, overrides: Sequence[str] = ()) -> TextRecipe:
    """Load the recipe `text`, or a `.toml` file; see `file.load_modality`."""
    return file.load_modality(TextRecipe, NAME, recipe, overrides)
