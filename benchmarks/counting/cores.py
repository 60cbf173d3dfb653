"""Supported Arm cores and the boards that have them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from device.errors import InputError
from device.system import processor


@dataclass(frozen=True)
class Board:
    """A board and its clock rate.

    Attributes:
        name: name of the board.
        ghz: maximum clock rate of its cores in GHz, without overclocking.
    """

    name: str
    ghz: float


@dataclass(frozen=True)
class Core:
    """An Arm core.

    XNNPACK selects its kernels from /proc/cpuinfo and HWCAP. QEMU sets HWCAP for the core but shows
    the /proc/cpuinfo of the host, so the guest gets the content that Linux shows on the board.

    Attributes:
        name: name of the core, also in QEMU.
        part: part number in the main ID register.
        variant: variant in the main ID register.
        revision: revision in the main ID register.
        features: feature list in /proc/cpuinfo.
        scheduling: LLVM scheduling model for estimating cycles; None for the issue rules of an
            in-order core (see `cycles`).
        boards: boards with this core.
    """

    name: str
    part: int
    variant: int
    revision: int
    features: str
    scheduling: str | None
    boards: tuple[Board, ...]

    @property
    def cpu_info(self) -> str:
        """Content of /proc/cpuinfo on a board with four of these cores."""
        return "".join(
            f"processor\t: {number}\nBogoMIPS\t: 108.00\nFeatures\t: {self.features}\n"
            "CPU implementer\t: 0x41\nCPU architecture: 8\n"
            f"CPU variant\t: {self.variant:#x}\nCPU part\t: {self.part:#x}\n"
            f"CPU revision\t: {self.revision}\n\n"
            for number in range(4)
        )

    @property
    def core_class(self) -> str:
        """Core class, as in `device.system.processor`."""
        return processor.parse(self.cpu_info, "aarch64").core_class

    def write_system(self, root: Path) -> None:
        """Write the /proc and /sys files that identify the core to a guest."""
        system = root / "sys/devices/system/cpu"
        for folder in (root / "proc", system):
            folder.mkdir(parents=True)
        (root / "proc/cpuinfo").write_text(self.cpu_info)
        for name in ("possible", "present"):
            (system / name).write_text("0-3\n")


_ARMV8_0 = "fp asimd evtstrm crc32 cpuid"
_ARMV8_2 = (
    "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop "
    "asimddp"
)
_PI_3 = (
    Board("Raspberry Pi Zero 2 W", 1.0),
    Board("Raspberry Pi 3B", 1.2),
    Board("Raspberry Pi 3B+", 1.4),
)
_ALL = (
    Core("cortex-a53", 0xD03, 0, 4, _ARMV8_0, None, _PI_3),
    Core("cortex-a72", 0xD08, 0, 3, _ARMV8_0, "cortex-a72", (Board("Raspberry Pi 4", 1.8),)),
    # LLVM has no model of the A76; the Neoverse N1 has the same design with other caches.
    Core("cortex-a76", 0xD0B, 4, 1, _ARMV8_2, "neoverse-n1", (Board("Raspberry Pi 5", 2.4),)),
)
CORES = {core.name: core for core in _ALL}
"""Supported cores by name."""


def parse(text: str) -> list[Core]:
    """Parse comma-separated names of cores; duplicates are dropped.

    Raises:
        InputError: a core is unknown.
    """
    names = list(dict.fromkeys(part.strip() for part in text.split(",")))
    return select(names)


def select(names: Sequence[str]) -> list[Core]:
    """Return the cores with these names.

    Raises:
        InputError: a core is unknown.
    """
    for name in names:
        if name not in CORES:
            raise InputError(f"core {name!r} is not supported: use {', '.join(CORES)}")
    return [CORES[name] for name in names]
