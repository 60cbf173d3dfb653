"""Types of `results.json`: the machine and its state."""

from typing import Any, Literal

from typing_extensions import TypedDict

from benchmarks.results.types.values import Count, closed

MarkKind = Literal["throttled", "preempted", "busy", "another_run", "governor", "hot"]


@closed
class Throttled(TypedDict):
    """A Raspberry Pi's throttle flags."""

    raw: Count
    flags: list[str]
    """Current flags, and those since boot."""


@closed
class MachineState(TypedDict):
    """State of the machine at one moment."""

    load: list[float] | None
    clock_mhz: list[float] | None
    """Clock of each core."""
    governor: str | None
    temperature_c: float | None
    throttled: Throttled | None
    """Flags of the firmware of a Raspberry Pi (vcgencmd get_throttled)."""
    context_switches_involuntary: int | None
    """Involuntary context switches of this process since its start."""


@closed
class Mark(TypedDict):
    """A condition that makes latencies doubtful, or that matters when reading them."""

    what: MarkKind
    text: str
    """Description in one line."""
    detail: dict[str, Any]


@closed
class Machine(TypedDict):
    """The machine that a session ran on."""

    cpu: str | None
    board: str | None
    architecture: str
    instruction_sets: list[str] | None
    """Those that kernels depend on, by their names in Linux; null if not reported."""
    microarchitecture: str | None
    """Microarchitecture, such as cortex-a72 or zen3."""
    core_class: str
    """Such as x86-vnni or arm-nodot, or unknown; latencies compare within one class."""
    cores: int | None
    cores_allowed: int | None
    """Number of cores that this process may use."""
    governor: str | None
    os: str
    python: str
    numpy: str
    host: str | None
    """Address of a remote machine; null for the local one."""
    before: MachineState
    after: MachineState | None
    marks: list[Mark]
