"""Arguments of commands that take a model, optionally, before what it is used on."""

import os
from collections.abc import Sequence

from device.errors import InputError

SOURCE_VARIABLE = "FER_EDGE_SOURCE"
"""Environment variable of the source; keeps an address with a password out of `ps`."""


def model_and_source(words: Sequence[str], model: str | None) -> tuple[str | None, str]:
    """Split the arguments into the model, if one is given first, and the source.

    Args:
        words: arguments of the command line: `[MODEL] [SOURCE]`; a missing source is read from the
        environment.
        model: value of `--model` or its environment variable; a model among the arguments wins.

    Raises:
        InputError: no source, or more than one.
    """
    model, sources = model_and_rest(words, model)
    if not sources and SOURCE_VARIABLE in os.environ:
        sources = [os.environ[SOURCE_VARIABLE]]
    if not sources:
        raise InputError(
            f"no source: give an image, folder, video, camera or address, or set {SOURCE_VARIABLE}"
        )
    if len(sources) > 1:
        raise InputError(
            f"one source at a time, not {len(sources)}: give a folder for several images"
        )
    return model, sources[0]


def model_and_rest(words: Sequence[str], model: str | None) -> tuple[str | None, list[str]]:
    """Split the arguments into the model, if one is given first, and the rest.

    Args:
        words: arguments of the command line.
        model: value of `--model` or its environment variable; a model among the arguments wins.
    """
    if words and is_model(words[0]):
        return words[0], list(words[1:])
    return model, list(words)


def is_model(word: str) -> bool:
    """Whether an argument names a model: a `.tflite` file or `zoo:NAME`."""
    return word.startswith("zoo:") or word.lower().endswith(".tflite")
