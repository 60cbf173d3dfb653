"""What takes turns in the rounds: the models, the same models in other settings, the reference."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.backends import backend
from benchmarks.models import reference
from benchmarks.models.model import ModelUnderTest, Setting
from benchmarks.protocol import Classify

REFERENCE = -1
"""Stands for the reference workload where the number of a model is asked for."""


@dataclass(frozen=True)
class Configuration:
    """One thing that is timed.

    Attributes:
        model: number of the model, or REFERENCE.
        setting: what it runs in.
        is_main: whether it is the model's main figure, and no entry of its sweep.
        call: a face in, probabilities out.
    """

    model: int
    setting: Setting
    is_main: bool
    call: Classify


def settings(threads: Sequence[int], *, builtin: bool, others: Sequence[str]) -> list[Setting]:
    """List the settings of a session, the one of the main figures first.

    Args:
        threads: the first is that of the main figures and of what follows the other numbers.
        builtin: whether to time TensorFlow Lite's own kernels, which is XNNPACK off.
        others: backends to compare with.
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

    A model of others runs in this process alone.

    Args:
        models_under_test: the models.
        settings: as `settings` lists them.
        closing: ends the processes of other backends.

    Returns:
        The models' main configurations, the reference workload's, then the other settings.

    Raises:
        InputError: a backend is not there, or does not run a model.
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
