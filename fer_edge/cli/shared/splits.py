"""Values of the option `--split`."""

from enum import StrEnum


class EvaluationSplit(StrEnum):
    """Splits for evaluating a finished model."""

    val = "val"
    test = "test"


class AnySplit(StrEnum):
    """Splits whose images may be used where no accuracy is measured."""

    train = "train"
    val = "val"
    test = "test"
