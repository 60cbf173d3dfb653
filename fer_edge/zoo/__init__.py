"""The models that ship with fer-edge, each in its own folder with its card."""

from pathlib import Path

from device.errors import InputError
from fer_edge.zoo import recommend
from fer_edge.zoo.registry import (
    DEFAULT,
    DIGESTS,
    HOME,
    MODELS,
    NAMES,
    PREFIX,
    PRUNED,
    TEACHER,
    ZooModel,
    find,
    list_models,
    teacher_weights,
)

__all__ = [
    "DEFAULT",
    "DIGESTS",
    "HOME",
    "MODELS",
    "NAMES",
    "PREFIX",
    "PRUNED",
    "TEACHER",
    "ZooModel",
    "find",
    "list_models",
    "resolve",
    "teacher_weights",
]


def resolve(model: str | Path | None) -> Path:
    """Resolve a model option to a file.

    Args:
        model: path of a `.tflite`; `zoo:NAME` for the int8 file with FER2013's labels;
            `zoo:NAME/FILE` for another file, such as `zoo:base/ferplus_int8`; None or an empty
            string for the file that `recommend.default_model` chooses for this machine.

    Raises:
        InputError: the zoo has no such model or file.
    """
    if model is None or model == "":
        model = recommend.default_model()
    text = str(model)
    if not text.startswith(PREFIX):
        return Path(text)
    name, _, stem = text.removeprefix(PREFIX).partition("/")
    shipped = find(name)
    stem = (stem or "fer2013_int8").removesuffix(".tflite")
    for path in shipped.files:
        if path.stem == stem:
            return path
    if shipped.card["files"].get(stem, {}).get("shipped"):
        raise InputError(
            f"{text} stands in a source checkout alone, not in the wheel: give the path of "
            f"fer_edge/zoo/{name}/{stem}.tflite there"
        )
    known = ", ".join(f"{PREFIX}{name}/{path.stem}" for path in shipped.files)
    raise InputError(f"no model {text}: there are {known}")
