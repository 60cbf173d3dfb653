"""Access to the measured values of one model, in the session and in the baseline of a gate."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from benchmarks.stats import bootstrap

if TYPE_CHECKING:
    from benchmarks.results.types import Accuracy, InstructionCount, Latency, ModelResult, Results


class UnmeasuredError(Exception):
    """A file lacks the figure that a rule asks for; the message says why."""


class NotComparedError(UnmeasuredError):
    """There is no baseline, or the model is new in the session; neither is a mistake."""


@dataclass(frozen=True)
class Session:
    """A results file and its name.

    Attributes:
        name: name of the file, for messages.
        results: content, as `benchmarks.results.file.load` returns it.
    """

    name: str
    results: "Results"

    @property
    def reference(self) -> "Latency":
        """Latency of the reference workload.

        Raises:
            UnmeasuredError: the session did not time it.
        """
        reference = self.results["reference"]
        if reference is None or reference["latency"] is None:
            raise UnmeasuredError(f"{self.name} has no reference workload: measure it again")
        return reference["latency"]


@dataclass(frozen=True)
class Measured:
    """One model of a session.

    Attributes:
        model: entry of the model in the results.
        session: session that measured it.
    """

    model: "ModelResult"
    session: Session

    @property
    def name(self) -> str:
        """Name of the model in the results."""
        return self.model["name"]

    @property
    def accuracy(self) -> "Accuracy":
        """Accuracy on all images.

        Raises:
            UnmeasuredError: the model was not classified with.
        """
        found: Accuracy = self.block("accuracy")
        return found

    def block(self, name: str) -> Any:
        """Return one block of the model, such as `size`.

        Raises:
            UnmeasuredError: the block was not measured.
        """
        block = cast(Mapping[str, Any], self.model)[name]
        if block is None:
            raise UnmeasuredError(
                f"{self.name} has no {name.replace('_', ' ')} in {self.session.name}"
            )
        return block

    def value(self, block: str, key: str) -> Any:
        """Return one value of a block, such as `bytes` of `size`.

        Raises:
            UnmeasuredError: the block or the value was not measured.
        """
        value = self.block(block).get(key)
        if value is None:
            raise UnmeasuredError(f"{self.name} has no {key}")
        return value

    def count(self, core: str | None) -> "InstructionCount":
        """Return the instruction count on one core.

        Args:
            core: name of the core; None for models without any count.

        Raises:
            UnmeasuredError: no instructions were counted for this core.
        """
        for count in self.model["counts"]:
            if count["core"] == core:
                return count
        on = f" on {core}" if core else ""
        raise UnmeasuredError(
            f"{self.name} has no count{on} in {self.session.name}: measure it with --count"
        )

    def round_medians(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the median latency of each round, of the model and of the reference workload.

        Returns:
            Two float64 [rounds] in microseconds, in time order; rounds >= `bootstrap.MIN_ROUNDS`.

        Raises:
            UnmeasuredError: the round medians are missing, or there are too few.
        """
        own = self.block("latency").get("round_medians_us")
        shared = self.session.reference.get("round_medians_us")
        where = self.session.name
        if not own or not shared:
            raise UnmeasuredError(f"{where} has no round medians: measure it again")
        if len(own) != len(shared):
            raise UnmeasuredError(f"{where}: {self.name} lacks rounds of the reference")
        if len(own) < bootstrap.MIN_ROUNDS:
            raise UnmeasuredError(
                f"{where} has {len(own)} rounds, too few to tell noise from change: "
                f"measure with --rounds {bootstrap.MIN_ROUNDS} or more"
            )
        return np.array(own), np.array(shared)


@dataclass(frozen=True)
class Case:
    """One model and everything that its figures are computed from.

    Attributes:
        now: the model in the checked session.
        confidence: confidence of each one-sided bound, 0.5 to 1.
        core: core that instructions were counted for; None for figures that do not depend on it.
        baseline: session that changes are measured from; None for none.
        before: the same model in the baseline; None if the baseline does not have it.
        float_parent: model of the checked session that drops are measured from, if there is one.
    """

    now: Measured
    confidence: float
    core: str | None = None
    baseline: Session | None = None
    before: Measured | None = None
    float_parent: Measured | None = None

    @property
    def parent(self) -> Measured:
        """The model that drops are measured from.

        Raises:
            UnmeasuredError: there is none.
        """
        if self.float_parent is None:
            raise UnmeasuredError(f"{self.now.session.name} has no float parent of {self.now.name}")
        return self.float_parent

    @property
    def in_baseline(self) -> Measured:
        """The same model in the baseline.

        Raises:
            NotComparedError: there is no baseline, or it does not have the model.
        """
        if self.baseline is None:
            raise NotComparedError("no --baseline to compare with")
        if self.before is None:
            raise NotComparedError(f"new, {self.baseline.name} does not have it")
        return self.before
