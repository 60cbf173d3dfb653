"""File name schemes of public sets of acted speech, which encode expression and speaker.

- EmoDB (Burkhardt et al. 2005): `03a01Fa`, speaker, text, emotion, version.
- RAVDESS (Livingstone & Russo 2018): `03-01-06-01-02-01-12`, the third number the emotion, the
  last the actor.
- CREMA-D (Cao et al. 2014): `1001_DFA_ANG_XX`, actor, sentence, emotion, intensity.
"""

import re
from collections.abc import Callable, Sequence

_EMODB = re.compile(r"(?P<speaker>\d{2})[a-z]\d{2}(?P<code>[WLEAFTN])[a-z]?")
_EMODB_LABELS = {
    "W": "angry",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happy",
    "T": "sad",
    "N": "neutral",
}
_RAVDESS = re.compile(r"\d{2}-\d{2}-(?P<code>0[1-8])-\d{2}-\d{2}-\d{2}-(?P<speaker>\d{2})")
_RAVDESS_LABELS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fear",
    "07": "disgust",
    "08": "surprise",
}
_CREMA_D = re.compile(r"(?P<speaker>\d{4})_[A-Z]{3}_(?P<code>ANG|DIS|FEA|HAP|NEU|SAD)_\w{2}")
_CREMA_D_LABELS = {
    "ANG": "angry",
    "DIS": "disgust",
    "FEA": "fear",
    "HAP": "happy",
    "NEU": "neutral",
    "SAD": "sad",
}

Reader = Callable[[str], tuple[str, str] | None]


def _reader(pattern: re.Pattern[str], labels: dict[str, str]) -> Reader:
    def read(stem: str) -> tuple[str, str] | None:
        found = pattern.fullmatch(stem)
        return (labels[found["code"]], found["speaker"]) if found else None

    return read


READERS = {
    "EmoDB": _reader(_EMODB, _EMODB_LABELS),
    "RAVDESS": _reader(_RAVDESS, _RAVDESS_LABELS),
    "CREMA-D": _reader(_CREMA_D, _CREMA_D_LABELS),
}
"""Reader of each set: file name without extension to (label, speaker), or None if it differs."""


def recognize(stems: Sequence[str]) -> str | None:
    """Return the set whose scheme all names follow, or None."""
    for name, read in READERS.items():
        if stems and all(read(stem) for stem in stems):
            return name
    return None
