"""Time the rounds of a session, detect disturbances, and summarize."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks import progress
from benchmarks.backends import backend
from benchmarks.latency import measure as latency
from benchmarks.machine import interference
from benchmarks.session.configurations import REFERENCE, Configuration

if TYPE_CHECKING:
    from benchmarks.results.types import Latency, ModelResult


class Timing:
    """The rounds timed so far; an interruption keeps the complete ones.

    Attributes:
        others: average number of cores that other processes used meanwhile; None if not on Linux.
    """

    def __init__(self, configurations: Sequence[Configuration]) -> None:
        """Start without rounds.

        Args:
            configurations: timed configurations, as returned by
                `benchmarks.session.configurations.open_all`.
        """
        self._configurations = configurations
        self._rounds: list[latency.Round] = []
        self.others: float | None = None

    def run(self, faces: NDArray[np.uint8], *, count: int, per_round: int, seed: int) -> None:
        """Time `count` rounds; see `benchmarks.latency.measure.rounds`."""
        calls = [each.call for each in self._configurations]
        threads = [each.setting.threads for each in self._configurations]
        rounds = latency.rounds(
            calls, faces, count=count, per_round=per_round, seed=seed, threads=threads
        )
        watch = interference.Watch()
        try:
            for one in progress.track(rounds, "latency, models interleaved", count):
                self._rounds.append(one)
        finally:
            # Processes of other backends belong to this run, but would count as other processes.
            if not any(isinstance(call, backend.Worker) for call in calls):
                self.others = watch.others()

    @property
    def has_rounds(self) -> bool:
        """Whether at least one round is complete."""
        return bool(self._rounds)

    def disturbed(self, cores: int | None, names: Sequence[str]) -> list[str]:
        """List what was disturbed: models, the reference workload, models in other settings.

        Args:
            cores: number of cores that this process may use.
            names: names of the models.
        """
        found = []
        for each, disturbed in zip(self._configurations, self._disturbed(cores), strict=True):
            if disturbed:
                name = "the reference workload" if each.model == REFERENCE else names[each.model]
                found.append(name if each.is_main else f"{name} ({each.setting})")
        return found

    def _disturbed(self, cores: int | None) -> list[bool]:
        if not self._rounds:
            return [False] * len(self._configurations)
        times = np.stack([one.times for one in self._rounds])
        preempted = np.stack([one.preempted for one in self._rounds])
        # With more threads than cores they preempt each other, which is not a disturbance.
        crowded = [each.setting.threads > (cores or 1) for each in self._configurations]
        return [
            interference.disturbed(times[:, i], preempted[:, i] * (not crowded[i]))
            for i in range(len(self._configurations))
        ]

    def summarize(
        self,
        blocks: Sequence["ModelResult"],
        cores: int | None,
        *,
        doubtful: bool,
        seed: int,
    ) -> "Latency | None":
        """Fill in `latency` and `sweep` of the models, if there is a complete round.

        Args:
            blocks: blocks of the models in the results.
            cores: number of cores that this process may use.
            doubtful: whether the whole session was disturbed.
            seed: RNG seed of the bootstrap.

        Returns:
            Latency of the reference workload; None without a complete round.
        """
        if not self._rounds:
            return None
        times = np.stack([one.times for one in self._rounds])
        reference = next(
            i for i, each in enumerate(self._configurations) if each.model == REFERENCE
        )
        disturbed = self._disturbed(cores)
        found = None
        for i, each in enumerate(self._configurations):
            marked = doubtful or disturbed[i]
            block = latency.summary(times, i, reference=reference, marked=marked, seed=seed)
            if each.model == REFERENCE:
                found = block
            elif each.is_main:
                blocks[each.model]["latency"] = block
            else:
                blocks[each.model]["sweep"].append(each.setting.result(block))
        return found
