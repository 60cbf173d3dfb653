"""Values of `--split`."""

from enum import StrEnum


class EvaluationSplit(StrEnum):
    """The splits that a finished model may be evaluated on."""

    val = "val"
    test = "test"


class AnySplit(StrEnum):
    """The splits whose images may be run where no accuracy is measured."""

    train = "train"
    val = "val"
    test = "test"
