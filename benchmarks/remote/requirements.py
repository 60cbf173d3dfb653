"""Check that a host's Python has the packages that a run needs."""

import shlex
from importlib.metadata import requires
from typing import Any

from packaging.requirements import Requirement

from benchmarks.remote.host import Host

_PACKAGES = {
    "numpy": "numpy",
    "opencv": "opencv-python-headless",
    "runtime": "ai-edge-litert",
    "rich": "rich",
}
# As in the extra `legacy`: this runtime is built against numpy 1, and OpenCV 4.13 needs numpy 2.
_LEGACY = {
    "numpy": "numpy>=1.26,<2",
    "opencv": "opencv-python-headless>=4.11,<4.12",
    "runtime": "tflite-runtime==2.14.0",
}
_LEGACY_MACHINES = ("armv7l", "armv6l")


def missing_requirements(hello: dict[str, Any], host: Host) -> str | None:
    """Describe in one line what the Python on a host lacks, with the command that installs it.

    Args:
        hello: first event of `benchmarks.remote.agent` on the host.
        host: the host, for the message.

    Returns:
        None if nothing is missing.
    """
    python, version = hello["python"], hello["version"]
    if hello["old"]:
        return (
            f"{host}: {python} there is Python {version}, too old: "
            "give the path of Python 3.11 or later by --remote-python"
        )
    if not hello["missing"]:
        return None
    wanted = _requirements(hello["machine"])
    lacking = [wanted[what] for what in hello["missing"]]
    names = ", ".join(Requirement(what).name for what in lacking)
    install = " ".join(map(shlex.quote, lacking))
    if hello["managed"]:  # PEP 668: pip refuses there
        remedy = (
            f"`python3 -m venv ~/fer-edge && ~/fer-edge/bin/pip install {install}`, "
            "and give --remote-python '~/fer-edge/bin/python'"
        )
    else:
        remedy = f"`{shlex.quote(python)} -m pip install {install}`"
    return f"{host}: {python} there lacks {names}: run there {remedy}"


def _requirements(machine: str) -> dict[str, str]:
    """Return the requirement of each part, with the range in the metadata of fer-edge."""
    known = map(Requirement, requires("fer-edge") or ())
    ranges = {
        each.name: f"{each.name}{each.specifier}"
        for each in known
        if "extra" not in str(each.marker)
    }
    wanted = {what: ranges[name] for what, name in _PACKAGES.items()}
    return wanted | (_LEGACY if machine in _LEGACY_MACHINES else {})
