"""The two label sets of facial-expression models, in the order that their outputs have."""

from collections.abc import Mapping

FER2013 = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""FER2013's seven classes, in the order of the `emotion` column of `fer2013.csv`."""

FERPLUS = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
)
"""FER+'s eight classes, in the order of the columns of `fer2013new.csv`."""

HEADS: Mapping[str, tuple[str, ...]] = {"fer2013": FER2013, "ferplus": FERPLUS}
"""By the name of a net's output."""
