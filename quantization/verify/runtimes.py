"""Does a model file answer alike wherever it runs, and how far is it from its parent?"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from device.errors import InputError, RuntimeCrashError
from device.model.card import card_path
from device.model.isolated import IsolatedRun, run_isolated
from device.model.runtime import Resolver
from quantization.tflite import card
from quantization.verify.agreement import Agreement, Bound, compare, violation
from quantization.verify.mcnemar import McNemar, mcnemar

RESOLVERS: tuple[Resolver, ...] = ("xnnpack", "reference")
THREADS = (1, 2)


@dataclass(frozen=True)
class Run:
    """One way to run the file, compared with the first way.

    Attributes:
        runtime: name and version; the Python of another environment where it did not get that far.
        resolver: whose kernels.
        threads: of the kernels.
        delegated: whether XNNPACK took the graph.
        difference: None where there are no answers.
        problem: what went wrong or is out of bounds; None where nothing is.
    """

    runtime: str
    resolver: Resolver
    threads: int
    delegated: bool
    difference: Agreement | None
    problem: str | None


@dataclass(frozen=True)
class Verification:
    """What was found.

    Attributes:
        runs: the first one is what the others are compared with.
        parent: the difference from the parent, over all images; None without one.
        accuracy: of the parent and of the file on the labeled images; None without labels.
        labeled: images with a label.
        test: whether those accuracies differ.
        has_card: whether a card stands beside the file, whose digest it then has.
    """

    runs: tuple[Run, ...]
    parent: Agreement | None
    accuracy: tuple[float, float] | None
    labeled: int
    test: McNemar | None
    has_card: bool


def verify(
    model: Path,
    images: npt.NDArray[np.uint8],
    *,
    n: int,
    bound: Bound,
    parent: Path | None = None,
    classes: npt.NDArray[Any] | None = None,
    pythons: tuple[Path, ...] = (),
) -> Verification:
    """Run a file in each runtime, with each kind of kernels, on one and two threads.

    Args:
        model: the `.tflite` file.
        images: uint8 [m, 48, 48]; all for the parent, the first `n` for the runs.
        n: images of each run.
        bound: what is still agreement between the runs.
        parent: the float `.tflite` file that the model was made from.
        classes: of the images, int [m], in the order of the model's labels; -1 for none.
        pythons: of other environments, with tflite-runtime for one.

    Raises:
        InputError: the runtime here refuses the model or its parent, their labels differ, a Python
            cannot be run, or the card beside the model is another file's.
        RuntimeCrashError: the model or its parent crashes in the runtime here.
    """
    if has_card := card_path(model).is_file():
        card.read(model)
    first = run_isolated(model, images)
    here = Run(first.runtime, "xnnpack", 1, first.delegated, Agreement(n, 0, 0.0, 0.0), None)
    runs = [here]
    for python in (None, *pythons):
        for resolver in RESOLVERS:
            for threads in THREADS:
                if (python, resolver, threads) != (None, "xnnpack", 1):
                    runs.append(_run(model, images[:n], first, resolver, threads, python, bound))
    if parent is None:
        return Verification(tuple(runs), None, None, 0, None, has_card)
    theirs = run_isolated(parent, images)
    if theirs.labels != first.labels:
        raise InputError(f"{parent} and {model} have other labels: give the parent of this model")
    known = np.zeros(len(images), bool) if classes is None else classes >= 0
    difference = compare(first.probabilities, theirs.probabilities)
    if classes is None or not known.any():
        return Verification(tuple(runs), difference, None, 0, None, has_card)
    right = [_right(answers, classes)[known] for answers in (theirs, first)]
    return Verification(
        runs=tuple(runs),
        parent=difference,
        accuracy=(float(right[0].mean()), float(right[1].mean())),
        labeled=int(known.sum()),
        test=mcnemar(*right),
        has_card=has_card,
    )


def _run(
    model: Path,
    images: npt.NDArray[np.uint8],
    first: IsolatedRun,
    resolver: Resolver,
    threads: int,
    python: Path | None,
    bound: Bound,
) -> Run:
    try:
        answers = run_isolated(model, images, resolver=resolver, threads=threads, python=python)
    except RuntimeCrashError as error:
        where = first.runtime if python is None else str(python)
        return Run(where, resolver, threads, False, None, str(error).removeprefix(f"{model}: "))
    found = compare(answers.probabilities, first.probabilities[: len(images)])
    problem = violation(found, bound)
    return Run(answers.runtime, resolver, threads, answers.delegated, found, problem)


def _right(answers: IsolatedRun, classes: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    right: npt.NDArray[np.bool_] = answers.probabilities.argmax(axis=1) == classes
    return right
