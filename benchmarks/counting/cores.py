"""The cores that instructions are counted for, and the boards that have them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from device.errors import InputError
from device.system import processor


@dataclass(frozen=True)
class Board:
    """A board with its clock.

    Attributes:
        name: of the board.
        ghz: highest clock of its cores, without overclocking.
    """

    name: str
    ghz: float


@dataclass(frozen=True)
class Core:
    """An Arm core.

    XNNPACK picks its kernels by /proc/cpuinfo and HWCAP. QEMU sets HWCAP for the core but shows the
    host's own /proc/cpuinfo, so the guest is given the text that the board's Linux shows.

    Attributes:
        name: also QEMU's name of the core.
        part: part number of the main ID register.
        variant: its variant.
        revision: its revision.
        features: of /proc/cpuinfo.
        scheduling: LLVM's scheduling model that cycles are estimated with; None for the issue rules
            of an in-order core (see `cycles`).
        boards: boards that have it.
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
        """/proc/cpuinfo of a board with four of these cores."""
        return "".join(
            f"processor\t: {number}\nBogoMIPS\t: 108.00\nFeatures\t: {self.features}\n"
            "CPU implementer\t: 0x41\nCPU architecture: 8\n"
            f"CPU variant\t: {self.variant:#x}\nCPU part\t: {self.part:#x}\n"
            f"CPU revision\t: {self.revision}\n\n"
            for number in range(4)
        )

    @property
    def core_class(self) -> str:
        """Its class, as `device.system.processor` has it."""
        return processor.parse(self.cpu_info, "aarch64").core_class

    def write_system(self, root: Path) -> None:
        """Write the files of /proc and /sys that tell a guest which core it runs on."""
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
    # LLVM has no model of the A76; the Neoverse N1 is the same design with other caches.
    Core("cortex-a76", 0xD0B, 4, 1, _ARMV8_2, "neoverse-n1", (Board("Raspberry Pi 5", 2.4),)),
)
CORES = {core.name: core for core in _ALL}
"""By name: what instructions can be counted for."""


def parse(text: str) -> list[Core]:
    """Read names of cores, separated by commas; each is given once.

    Raises:
        InputError: there is no such core.
    """
    names = list(dict.fromkeys(part.strip() for part in text.split(",")))
    return select(names)


def select(names: Sequence[str]) -> list[Core]:
    """Give the cores of these names.

    Raises:
        InputError: there is no such core.
    """
    for name in names:
        if name not in CORES:
            raise InputError(f"no core {name!r} to count for: there are {', '.join(CORES)}")
    return [CORES[name] for name in names]
