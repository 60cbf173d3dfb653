"""Detects the processor: its instruction sets, microarchitecture and core class.

Whether int8 or float32 models are faster differs between processors with the same model name: it
depends on whether a core multiplies and adds bytes in one instruction (`SDOT`, `VPDPBUSD`). The
instruction sets are those reported by the kernel, in /proc/cpuinfo or, on Arm, in the auxiliary
vector (HWCAP).
"""

import ctypes
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")

UNKNOWN = "unknown"
"""Core class if no instruction sets are reported."""

_X86 = ("x86_64", "amd64", "i686", "i386")
_ARM = ("aarch64", "arm64", "armv7l", "armv8l", "armv6l")
_REPORTED = {
    "x86": ("sse4_1", "avx", "avx2", "fma", "f16c", "avx512f", "avx_vnni", "avx512_vnni",
            "avx512_bf16", "amx_int8", "amx_bf16"),
    "arm": ("asimd", "neon", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2"),
}  # fmt: skip
"""The instruction sets by which an inference library chooses its kernels."""

_CLASSES = {
    "x86": (
        ("amx_int8", "x86-amx"),
        ("avx512_vnni", "x86-vnni"),
        ("avx_vnni", "x86-avx-vnni"),
        ("avx512f", "x86-avx512"),
        ("avx2", "x86-avx2"),
        ("", "x86-sse"),
    ),
    "arm": (
        ("i8mm", "arm-i8mm"),
        ("asimddp", "arm-dot"),
        ("asimd", "arm-nodot"),
        ("neon", "arm-neon32"),
    ),
}
"""Core classes by family, best first, with the instruction set that defines each."""

DOT_PRODUCT = frozenset(
    {"x86-amx", "x86-vnni", "x86-avx-vnni", "arm-i8mm", "arm-dot"}
)  # fmt: skip
"""Classes whose cores multiply and add int8 in one instruction."""

_HWCAP = {1: "asimd", 10: "asimdhp", 20: "asimddp", 22: "sve"}
_HWCAP2 = {1: "sve2", 13: "i8mm", 14: "bf16"}
_AT_HWCAP, _AT_HWCAP2 = 16, 26  # linux/auxvec.h

_ARM_PARTS = {
    0xD03: "cortex-a53", 0xD04: "cortex-a35", 0xD05: "cortex-a55", 0xD07: "cortex-a57",
    0xD08: "cortex-a72", 0xD09: "cortex-a73", 0xD0A: "cortex-a75", 0xD0B: "cortex-a76",
    0xD0C: "neoverse-n1", 0xD0D: "cortex-a77", 0xD40: "neoverse-v1", 0xD41: "cortex-a78",
    0xD42: "cortex-a78ae", 0xD44: "cortex-x1", 0xD46: "cortex-a510", 0xD47: "cortex-a710",
    0xD48: "cortex-x2", 0xD49: "neoverse-n2", 0xD4D: "cortex-a715", 0xD4E: "cortex-x3",
    0xD4F: "neoverse-v2", 0xC07: "cortex-a7", 0xC09: "cortex-a9", 0xC0F: "cortex-a15",
    0xB76: "arm1176",
}  # fmt: skip
"""Microarchitectures by the part number of the main ID register, implementer 0x41."""

_INTEL = {
    0x3C: "haswell", 0x3F: "haswell", 0x45: "haswell", 0x46: "haswell", 0x3D: "broadwell",
    0x47: "broadwell", 0x4F: "broadwell", 0x56: "broadwell", 0x4E: "skylake", 0x5E: "skylake",
    0x8E: "kaby-lake", 0x9E: "kaby-lake", 0x6A: "ice-lake-server", 0x6C: "ice-lake-server",
    0x7E: "ice-lake", 0x8C: "tiger-lake", 0x8D: "tiger-lake", 0x8F: "sapphire-rapids",
    0xCF: "emerald-rapids", 0xAD: "granite-rapids", 0x97: "alder-lake", 0x9A: "alder-lake",
    0xB7: "raptor-lake", 0xBA: "raptor-lake", 0xBF: "raptor-lake", 0xAA: "meteor-lake",
    0xBE: "gracemont",
}  # fmt: skip
"""Microarchitectures by the model number of family 6."""


@dataclass(frozen=True)
class Processor:
    """The processor of a machine.

    Attributes:
        instruction_sets: reported instruction sets that affect the choice of kernels, with Linux's
            names; None if nothing is reported.
        microarchitecture: name such as "cortex-a72" or "zen3"; joined by "+" if cores differ; None
            if the processor is unknown.
        core_class: class such as "x86-vnni" or "arm-nodot"; `UNKNOWN` without instruction sets.
    """

    instruction_sets: tuple[str, ...] | None
    microarchitecture: str | None
    core_class: str

    @property
    def has_dot_product(self) -> bool | None:
        """Whether int8 is multiplied and added in one instruction; None if unknown."""
        return None if self.core_class == UNKNOWN else self.core_class in DOT_PRODUCT


def read(cpu_info: Path = CPU_INFO, architecture: str | None = None) -> Processor:
    """Detect the processor of this machine.

    Args:
        cpu_info: Linux's list of processors; on Arm, HWCAP is used if it lists no features.
        architecture: architecture as in `platform.machine()`; None for this machine's.
    """
    architecture = architecture or platform.machine()
    try:
        text = cpu_info.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    found = parse(text, architecture)
    local = architecture == platform.machine()
    if found.instruction_sets is None and local and architecture in ("aarch64", "arm64"):
        return _processor("arm", _hwcap(), found.microarchitecture)
    return found


def parse(text: str, architecture: str) -> Processor:
    """Detect a processor from the text of /proc/cpuinfo.

    An instruction set only counts if all cores have it, since the scheduler may use any of them.

    Args:
        text: content of /proc/cpuinfo; empty if there is none.
        architecture: architecture as in `platform.machine()`.
    """
    family = "x86" if architecture.lower() in _X86 else "arm" if architecture in _ARM else None
    cores = [_fields(part) for part in text.split("\n\n") if part.strip()]
    key = "flags" if family == "x86" else "Features"
    flags = [set(core[key].split()) for core in cores if key in core]
    names = {name: None for core in cores if (name := _microarchitecture(core))}
    common = set.intersection(*flags) if flags else None
    if family is None:
        return Processor(None, "+".join(names) or None, UNKNOWN)
    return _processor(family, common, "+".join(names) or None)


def core_class(family: str, instruction_sets: Iterable[str]) -> str:
    """Return the class of a core: "x86" or "arm" with its best instruction set."""
    known = {*instruction_sets, ""}
    return next((name for needed, name in _CLASSES[family] if needed in known), UNKNOWN)


def _processor(family: str, flags: set[str] | None, microarchitecture: str | None) -> Processor:
    if flags is None:
        return Processor(None, microarchitecture, UNKNOWN)
    sets = tuple(name for name in _REPORTED[family] if name in flags)
    return Processor(sets, microarchitecture, core_class(family, sets))


def _fields(part: str) -> Mapping[str, str]:
    pairs = (line.partition(":") for line in part.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _microarchitecture(core: Mapping[str, str]) -> str | None:
    """Name of a core from its identification numbers."""
    if "CPU part" in core:
        arm = _number(core.get("CPU implementer", "")) == 0x41
        return _ARM_PARTS.get(_number(core["CPU part"])) if arm else None
    vendor, family, model = (core.get(k, "") for k in ("vendor_id", "cpu family", "model"))
    if vendor == "GenuineIntel" and _number(family) == 6:
        stepping = _number(core.get("stepping", ""))
        if _number(model) == 0x55:  # three generations share the number
            return (
                "skylake-server"
                if stepping < 5
                else "cascade-lake"
                if stepping < 10
                else ("cooper-lake")
            )
        return _INTEL.get(_number(model))
    return _zen(_number(family), _number(model)) if vendor == "AuthenticAMD" else None


def _zen(family: int, model: int) -> str | None:
    """Name of an AMD core, from the ranges of model numbers of each generation."""
    if family == 0x17:
        return "zen" if model < 0x30 else "zen2"
    if family == 0x19:
        return "zen4" if 0x10 <= model < 0x20 or 0x60 <= model < 0xB0 else "zen3"
    return "zen5" if family == 0x1A else None


def _number(text: str) -> int:
    """Parse a decimal or hexadecimal number; -1 if it is not one."""
    try:
        return int(text, 0)
    except ValueError:
        return -1


def _hwcap() -> set[str] | None:
    """Read Arm's instruction sets from the auxiliary vector; None if libc does not provide it."""
    try:
        read_value = ctypes.CDLL(None).getauxval
    except (OSError, AttributeError):
        return None
    read_value.restype, read_value.argtypes = ctypes.c_ulong, [ctypes.c_ulong]
    return hwcap_names(read_value(_AT_HWCAP), read_value(_AT_HWCAP2)) or None


def hwcap_names(first: int, second: int) -> set[str]:
    """Names of the instruction sets reported by AT_HWCAP and AT_HWCAP2 of an arm64 Linux."""
    return {
        name
        for value, bits in ((first, _HWCAP), (second, _HWCAP2))
        for bit, name in bits.items()
        if value >> bit & 1
    }
