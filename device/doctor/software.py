"""Checks of Python, the libraries, the model and the detectors' files."""

import importlib.metadata
import platform
import sys
from pathlib import Path

from device.doctor.finding import Finding, ok, problem, warning
from device.doctor.subprocess_check import SubprocessCheckFailed, run_check
from device.errors import InputError
from device.faces.download import YUNET
from device.system import sha256sums

_PYTHON = (3, 11)
_LITERT, _TFLITE = "ai-edge-litert", "tflite-runtime"
_TESTED = (2, 1)  # version of ai-edge-litert with which fer-edge is tested
_OPENCVS = (
    "opencv-python-headless",
    "opencv-python",
    "opencv-contrib-python-headless",
    "opencv-contrib-python",
)


def python() -> Finding:
    """Check the interpreter's version and word size."""
    bits = 64 if sys.maxsize > 2**32 else 32
    message = f"Python {platform.python_version()}, {platform.machine()}, {bits} bits"
    if sys.version_info < _PYTHON:
        return problem(message, "install Python 3.11 or later")
    if bits == 32:
        return warning(message, "64-bit Raspberry Pi OS runs int8 models many times as fast")
    return ok(message)


def numpy() -> Finding:
    """Check numpy, and that the runtime was built for it."""
    version = _version("numpy")
    if version is None:
        return problem("numpy is not installed", "pip install fer-edge")
    if _clashes():
        return problem(
            f"numpy {version} with tflite-runtime {_version(_TFLITE)}, which is built for numpy 1",
            "pip install 'fer-edge[legacy]' for numpy 1; with 64 bits use ai-edge-litert instead",
        )
    try:
        return ok(f"numpy {run_check('numpy')['version']}")
    except SubprocessCheckFailed as failure:
        return problem(f"numpy {version}: {failure}", "pip install --force-reinstall numpy")


def runtime() -> Finding:
    """Check which TensorFlow Lite runtime is installed and that it can be imported."""
    litert, tflite = _version(_LITERT), _version(_TFLITE)
    if litert is None and tflite is None:
        return problem(
            "no TensorFlow Lite runtime", f"pip install {_LITERT} (old boards: 'fer-edge[legacy]')"
        )
    if _clashes():
        return problem(f"{_TFLITE} {tflite} cannot run", "see the line on numpy")
    try:
        name = run_check("runtime")["name"]
    except SubprocessCheckFailed as failure:
        return problem(
            f"{_LITERT} {litert}: {failure}" if litert else f"{_TFLITE} {tflite}: {failure}",
            f"pip install --force-reinstall '{_LITERT}>=2.1.6,<2.2'",
        )
    if litert is None:
        return warning(
            f"{name} runs int8 models without XNNPACK, many times slower",
            f"on 64-bit systems: pip install {_LITERT}",
        )
    if _numbers(litert)[:2] != _TESTED:
        return warning(
            f"{name}, with which fer-edge is not tested", f"pip install '{_LITERT}>=2.1.6,<2.2'"
        )
    return ok(name)


def model(file: Path | None) -> Finding:
    """Load and run a model, and check whether XNNPACK runs it."""
    if file is None:
        return warning("no model given, so XNNPACK was not checked", "give a .tflite file")
    if _clashes():
        return problem(f"{file.name} cannot run", "see the line on numpy")
    try:
        found = run_check("model", file)
    except SubprocessCheckFailed as failure:
        return problem(str(failure), "use a complete copy of a model that fer-edge exported")
    message = f"{file.name}: {found['precision']}, {found['labels']} labels, XNNPACK"
    if not found["delegated"]:
        return warning(
            f"{message} not active, so it runs many times slower",
            f"pip install '{_LITERT}>=2.1.6,<2.2'; export the model with fer-edge",
        )
    return ok(f"{message} active")


def digests(listed: Path) -> Finding:
    """Check the files in a list of digests, such as that of the shipped models."""
    fix = "install fer-edge again"
    try:
        changed, present = sha256sums.differing(listed)
    except InputError as error:
        return problem(str(error), fix)
    if changed:
        return problem(f"{', '.join(changed)} in {listed.parent}: not the published files", fix)
    if not present:
        return problem(f"none of the files in {listed} exists", fix)
    return ok(f"{present} model file{'s'[: present > 1]}, as in {listed.name}")


def opencv() -> Finding:
    """Check OpenCV, and that only one of its packages is installed."""
    installed = [name for name in _OPENCVS if _version(name)]
    try:
        found = run_check("opencv")
    except SubprocessCheckFailed as failure:
        fix = "pip install 'opencv-python-headless>=4.11,<5'"
        if "libGL" in str(failure):
            fix = f"pip uninstall opencv-python opencv-contrib-python; {fix}"
        return problem(str(failure), fix)
    version = found["version"]
    abilities = {
        "V4L2": "v4l/v4l2:" in found["build"],
        "FFMPEG": _built_with(found["build"], "FFMPEG"),
        "GStreamer": _built_with(found["build"], "GStreamer"),
    }
    message = (
        f"OpenCV {version} with {', '.join(n for n, has in abilities.items() if has) or 'no video'}"
    )
    if not (4, 11) <= _numbers(version)[:2] < (5,):
        return problem(message, "pip install 'opencv-python-headless>=4.11,<5'")
    if len(installed) > 1:
        return warning(
            f"{message}; {' and '.join(installed)} overwrite each other's files",
            f"pip uninstall {' '.join(installed)}; pip install opencv-python-headless",
        )
    if not abilities["FFMPEG"]:
        return warning(
            message, "videos and streams need FFMPEG: pip install opencv-python-headless"
        )
    return ok(message)


def haar() -> Finding:
    """Check the cascade that ships with OpenCV."""
    try:
        return ok(f"{run_check('haar')['file']}, shipped with OpenCV")
    except SubprocessCheckFailed as failure:
        return problem(str(failure), "pip install --force-reinstall 'opencv-python-headless<5'")


def yunet(file: Path | None) -> Finding:
    """Check a given YuNet model file, or the downloaded one."""
    if file is None:
        file = YUNET.path()
        if not file.exists():
            return ok("not downloaded, so Haar is used (better: fer-edge fetch yunet)")
        try:
            YUNET.read()
        except InputError as error:
            return problem(str(error), "fer-edge fetch yunet")
    try:
        return ok(run_check("yunet", file)["file"])
    except SubprocessCheckFailed as failure:
        return problem(str(failure), "fer-edge fetch yunet; pip install opencv-python-headless")


def _clashes() -> bool:
    """Whether the only runtime is tflite-runtime, with a numpy version that it does not support."""
    found = _version("numpy")
    old_alone = _version(_TFLITE) is not None and _version(_LITERT) is None
    return old_alone and found is not None and _numbers(found) >= (2,)


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    """Parse the leading numbers of a version, for example (2, 1) from "2.1.rc1"."""
    numbers = []
    for part in version.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def _built_with(build: str, library: str) -> bool:
    lines = (line.strip() for line in build.splitlines())
    return any(line.startswith(f"{library}:") and "YES" in line for line in lines)
