"""Types of `results.json`.

`benchmarks.run` returns `Results`, and `benchmarks.results.file.load` reads them. The JSON Schema
of the file is generated from these types: `python -m benchmarks.results.json_schema`.
"""

from benchmarks.results.types.counts import (
    CycleEstimate,
    FrameCount,
    FrameStages,
    InstructionCount,
    InstructionKinds,
    StageCount,
)
from benchmarks.results.types.figures import (
    Accuracy,
    ClassAccuracy,
    ColdStart,
    FrameTimes,
    Latency,
    Median,
    OperatorProfile,
    Peak,
    SettingResult,
    Size,
    StageTimes,
    Throughput,
)
from benchmarks.results.types.machine import Machine, MachineState, Mark, MarkKind, Throttled
from benchmarks.results.types.session import (
    EvaluationData,
    ExternalModelDescription,
    ModelResult,
    Protocol,
    Reference,
    Results,
)
from benchmarks.results.types.values import Head, Precision

__all__ = [
    "Accuracy",
    "ClassAccuracy",
    "ColdStart",
    "CycleEstimate",
    "EvaluationData",
    "ExternalModelDescription",
    "FrameCount",
    "FrameStages",
    "FrameTimes",
    "Head",
    "InstructionCount",
    "InstructionKinds",
    "Latency",
    "Machine",
    "MachineState",
    "Mark",
    "MarkKind",
    "Median",
    "ModelResult",
    "OperatorProfile",
    "Peak",
    "Precision",
    "Protocol",
    "Reference",
    "Results",
    "SettingResult",
    "Size",
    "StageCount",
    "StageTimes",
    "Throttled",
    "Throughput",
]
