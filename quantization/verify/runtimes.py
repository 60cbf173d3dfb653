"""Compares a model file's predictions across runtimes and kernels, and with its float parent."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from device.errors import InputError, RuntimeCrashError
from device.model.card import card_path
from device.model.isolated import IsolatedRun, run_isolated
from device.model.runtime import Resolver
from device.system import sha256sums
from quantization.tflite import card
from quantization.verify.agreement import Agreement, Bound, compare, violation
from quantization.verify.mcnemar import McNemar, mcnemar

RESOLVERS: tuple[Resolver, ...] = ("xnnpack", "reference")
THREADS = (1, 2)


@dataclass(frozen=True)
class Run:
    """One way to run the file, compared with the first way.

    Attributes:
        runtime: name and version; the Python path of another environment if it failed before that.
        resolver: set of kernels.
        threads: number of threads.
        delegated: whether XNNPACK runs the graph.
        difference: difference from the first run; None if there are no predictions.
        problem: error, or how the difference exceeds the bound; None if there is none.
    """

    runtime: str
    resolver: Resolver
    threads: int
    delegated: bool
    difference: Agreement | None
    problem: str | None


@dataclass(frozen=True)
class Verification:
    """Result of a verification.

    Attributes:
        runs: the runs; the first one is the reference of the others.
        parent: difference from the parent, over all images; None without a parent.
        accuracy: accuracy of the parent and of the file on the labeled images; None without labels.
        labeled: number of images with a label.
        test: McNemar's test of these accuracies.
        has_card: whether there is a card next to the file; its digest has then been checked.
        digests: list of digests that names the file, which has the digest given there; None if
            there is no such list in its folder or the one above.
    """

    runs: tuple[Run, ...]
    parent: Agreement | None
    accuracy: tuple[float, float] | None
    labeled: int
    test: McNemar | None
    has_card: bool
    digests: str | None


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
        model: `.tflite` file.
        images: images, uint8 [m, 48, 48]; all for the parent, the first `n` for the runs.
        n: number of images of each run.
        bound: largest allowed difference between the runs.
        parent: float `.tflite` file that the model was made from.
        classes: class indices of the images in the order of the model's labels, int [m]; -1 for
            unlabeled.
        pythons: Python executables of other environments, such as one with tflite-runtime.

    Raises:
        InputError: the local runtime cannot load the model or its parent, their labels differ, a
            Python cannot be run, the card next to the model belongs to another file, or the model
            differs from its digest in a list.
        RuntimeCrashError: the model or its parent crashes the local runtime.
    """
    digests = _check_digest(model)
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
        return Verification(tuple(runs), None, None, 0, None, has_card, digests)
    theirs = run_isolated(parent, images)
    if theirs.labels != first.labels:
        raise InputError(
            f"{parent} and {model} have different labels: give the parent of this model"
        )
    known = np.zeros(len(images), bool) if classes is None else classes >= 0
    difference = compare(first.probabilities, theirs.probabilities)
    if classes is None or not known.any():
        return Verification(tuple(runs), difference, None, 0, None, has_card, digests)
    right = [_right(answers, classes)[known] for answers in (theirs, first)]
    return Verification(
        runs=tuple(runs),
        parent=difference,
        accuracy=(float(right[0].mean()), float(right[1].mean())),
        labeled=int(known.sum()),
        test=mcnemar(*right),
        has_card=has_card,
        digests=digests,
    )


def _check_digest(model: Path) -> str | None:
    found = sha256sums.find(model)
    if found is None:
        return None
    path, listed = found
    if sha256sums.sha256(model) != listed:
        raise InputError(
            f"{model} differs from its digest in {path}: copy it again, or write the list again if "
            "the change is yours"
        )
    return str(path)


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
