"""The two label sets of facial-expression models, in the order that their outputs have."""

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
