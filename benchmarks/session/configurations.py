"""The configurations that a session times: models in their settings, and the reference workload."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.backends import backend
from benchmarks.models import reference
from benchmarks.models.model import ModelUnderTest, Setting
from benchmarks.protocol import Classify

REFERENCE = -1
"""Index of the reference workload in place of the index of a model."""


@dataclass(frozen=True)
class Configuration:
    """One model in one setting.

    Attributes:
        model: index of the model, or REFERENCE.
        setting: threads and backend.
        is_main: whether this is the main figure of the model, as opposed to an entry of its sweep.
        call: function from a face to probabilities.
    """

    model: int
    setting: Setting
    is_main: bool
    call: Classify


def settings(threads: Sequence[int], *, builtin: bool, others: Sequence[str]) -> list[Setting]:
    """List the settings of a session, the main one first.

    Args:
        threads: numbers of threads; the main figures and the other backends use the first.
        builtin: whether to time the built-in kernels of TensorFlow Lite (XNNPACK off) as well.
        others: further backends.
    """
    own = backend.own()
    found = [Setting(own, "xnnpack", count) for count in threads]
    if builtin:
        found.append(Setting(own, "builtin", threads[0]))
    for name in others:
        found.append(Setting(name, None if name == "onnxruntime" else "xnnpack", threads[0]))
    return found


def open_all(
    models_under_test: Sequence[ModelUnderTest], settings: Sequence[Setting], closing: ExitStack
) -> list[Configuration]:
    """Load the models in all settings, and the reference workload in the first.

    External models run in this process only.

    Args:
        models_under_test: the models.
        settings: settings as returned by `settings`.
        closing: stack on which the processes of other backends are closed.

    Returns:
        The main configuration of each model, the reference workload, then the other settings.

    Raises:
        InputError: a backend is missing, or does not run a model.
    """
    main, *others = settings
    configurations = [
        Configuration(i, main, True, one.classifier) for i, one in enumerate(models_under_test)
    ]
    configurations.append(Configuration(REFERENCE, main, True, reference.load(main.threads)))
    for i, one in enumerate(models_under_test):
        for setting in others:
            if one.runs_in(setting):
                call = one.open(setting)
                if isinstance(call, backend.Worker):
                    closing.enter_context(call)
                configurations.append(Configuration(i, setting, False, call))
    return configurations
