"""Whether a host's Python has what a run needs, and the command that mends it."""

import shlex
from importlib.metadata import requires
from typing import Any

from benchmarks.remote.host import Host

_PACKAGES = {
    "numpy": "numpy",
    "opencv": "opencv-python-headless",
    "runtime": "ai-edge-litert",
    "rich": "rich",
}
# As the extra `legacy`: this runtime is built against numpy 1, and OpenCV 4.13 needs numpy 2.
_LEGACY = {
    "numpy": "numpy>=1.26,<2",
    "opencv": "opencv-python-headless>=4.11,<4.12",
    "runtime": "tflite-runtime==2.14.0",
}
_LEGACY_MACHINES = ("armv7l", "armv6l")


def missing_requirements(hello: dict[str, Any], host: Host) -> str | None:
    """Say in one line what the Python on the host lacks, and what to do; None when it is fit.

    Args:
        hello: what `benchmarks.remote.agent` said of it.
        host: for the message.
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
    names = ", ".join(what.split("<")[0].split(">")[0].split("=")[0] for what in lacking)
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
    """What each part needs, with the range that fer-edge's own metadata names."""
    ranges = {}
    for requirement in requires("fer-edge") or ():
        text, _, marker = requirement.partition(";")
        name = text.split("<")[0].split(">")[0].split("=")[0].strip()
        if "extra" not in marker:
            ranges[name] = text.strip()
    wanted = {what: ranges[name] for what, name in _PACKAGES.items()}
    return wanted | (_LEGACY if machine in _LEGACY_MACHINES else {})
