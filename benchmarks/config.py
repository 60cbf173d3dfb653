"""Settings of a benchmark session, shared by the command line, the pipeline and remote runs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from benchmarks.counting import cores, frame, kit
from device.errors import InputError
from device.model.prior import NONE


@dataclass(frozen=True)
class BenchmarkConfig:
    """Settings of one session.

    Attributes:
        rounds: number of rounds; in each the models are timed in random order.
        per_round: number of timed calls of each model in a round.
        threads: thread counts of the interpreter, without repeats; the main figures are those of
            the first.
        timed: whether to measure accuracy and latency; if not, only what the fields below ask for.
        builtin: whether to time the models without XNNPACK as well.
        backends: further backends to time the models in, see `benchmarks.backends.backend`.
        peers: TOML files that describe external models, see `benchmarks.models.external_file`.
        cold: number of cold starts of each model, each in a fresh process; 0 for none.
        profile: whether to time each operator.
        peak: whether to time a large matrix product.
        count: names of the cores that instructions are counted for, see `counting.cores`.
        video: video of a face whose camera frames are timed; None for none.
        frames: number of frames of the video.
        detector: face detector for the frames, "haar" or "yunet".
        detector_model: model file of YuNet; None for its default places.
        every: number of frames from one detection to the next when instructions of frames are
            counted.
        prior: class prior that accuracy is for, as `device.model.prior.weights` takes it.
        seed: RNG seed for the order in the rounds and for the bootstrap.
    """

    rounds: int = 100
    per_round: int = 10
    threads: Sequence[int] = (1,)
    timed: bool = True
    builtin: bool = False
    backends: Sequence[str] = ()
    peers: Sequence[Path] = ()
    cold: int = 0
    profile: bool = False
    peak: bool = False
    count: Sequence[str] = ()
    video: Path | None = None
    frames: int = 300
    detector: str = "haar"
    detector_model: Path | None = None
    every: int = 1
    prior: str = NONE
    seed: int = 0

    def __post_init__(self) -> None:
        """Convert sequences to tuples without repeats."""
        for name in ("threads", "backends", "peers", "count"):
            object.__setattr__(self, name, tuple(dict.fromkeys(getattr(self, name))))

    def validate(self) -> None:
        """Check the settings before anything is measured.

        Raises:
            InputError: a count is out of range, a core is unknown, there is no emulator to count
                with, or the video is missing.
        """
        least = {"rounds": 1, "per_round": 1, "frames": 1, "every": 1, "cold": 0}
        values = {name: getattr(self, name) for name in least}
        least["threads"], values["threads"] = 1, min(self.threads, default=0)
        for name, lowest in least.items():
            if values[name] < lowest:
                raise InputError(f"{name} is {values[name]}: give {lowest} or more")
        cores.select(self.count)
        if self.count:
            kit.find()
        if self.video is not None and not self.video.is_file():
            raise InputError(f"{self.video}: no such video")
        if self.video is not None and self.count:
            frame.check(self.video, self.detector, self.detector_model)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as JSON types, except for paths, which stay `Path`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "BenchmarkConfig":
        """Rebuild settings from the result of `as_dict`.

        Raises:
            InputError: a setting is unknown, as it comes from another version of fer-edge.
        """
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise InputError(f"unknown settings {', '.join(sorted(unknown))}: update fer-edge")
        return cls(**values)
