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
    """What applies now, and what happened since boot."""


@closed
class MachineState(TypedDict):
    """What the machine reported at one moment."""

    load: list[float] | None
    clock_mhz: list[float] | None
    """Of each core, at that moment."""
    governor: str | None
    temperature_c: float | None
    throttled: Throttled | None
    """What a Raspberry Pi's firmware says (vcgencmd get_throttled)."""
    context_switches_involuntary: int | None
    """How often the system took the processor from this process since it began."""


@closed
class Mark(TypedDict):
    """Something that casts doubt on the latencies, or that a reader must know."""

    what: MarkKind
    text: str
    """One line for people."""
    detail: dict[str, Any]


@closed
class Machine(TypedDict):
    """The machine that a session ran on."""

    cpu: str | None
    board: str | None
    architecture: str
    instruction_sets: list[str] | None
    """Those that decide on kernels, as Linux names them; null where nothing reports them."""
    microarchitecture: str | None
    """Such as cortex-a72 or zen3."""
    core_class: str
    """Such as x86-vnni or arm-nodot: latencies compare within one class; else unknown."""
    cores: int | None
    cores_allowed: int | None
    """Cores that this process may use."""
    governor: str | None
    os: str
    python: str
    numpy: str
    host: str | None
    """How another machine was reached; null for the one at hand."""
    before: MachineState
    after: MachineState | None
    marks: list[Mark]
