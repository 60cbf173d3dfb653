"""The first load and inference of a model, in a separate process.

`device.model.graph` checks the structure of a file, but not what each kernel does with it: some
damaged files still crash the runtime, which ends the process. So a file is first run in a separate
process, and its digest is stored in the user's cache folder, so that later starts skip this.
`python -m device.model.trial` is the program that runs there.
"""

import hashlib
import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from device.errors import InputError
from device.system.user_folders import cache_folder

TIMEOUT = 120.0
"""Time limit in seconds; reference kernels are slow on a small board."""

_MEMORY = 4 << 30  # bytes of address space in addition to the model's own

_passed: set[str] = set()


def ensure_runs(content: bytes, path: Path, *, module: str, name: str, resolver: str) -> None:
    """Make sure that loading and running a model does not crash the process.

    An exception raised by the runtime there is not a crash: the caller gets it again.

    Args:
        content: content of the whole model file.
        path: path of the file, for the message.
        module: import name of the runtime's interpreter module.
        name: name and version of the runtime.
        resolver: name of the operator resolver, a member of the module's `OpResolverType`.

    Raises:
        InputError: the runtime crashes on the model, or exceeds `TIMEOUT`.
    """
    key = hashlib.sha256(b"\0".join((content, name.encode(), resolver.encode()))).hexdigest()
    mark = cache_folder() / "models-that-run" / key
    if key in _passed or mark.is_file():
        return
    _run(content, path, module, name, resolver)
    _passed.add(key)
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    except OSError:
        pass  # a read-only home, as in a hardened service: the next start tries again


def _run(content: bytes, path: Path, module: str, name: str, resolver: str) -> None:
    root = str(Path(__file__).absolute().parents[2])
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([root, *filter(None, sys.path)]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-P", "-m", "device.model.trial", module, resolver]
    try:
        done = subprocess.run(
            command,
            input=content,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"{path} does not finish its first inference within {TIMEOUT:.0f} s in {name}: "
            "copy it again, or export it again"
        ) from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be tried in a separate process: {error.strerror}"
        ) from error
    if done.returncode < 0:
        raise InputError(
            f"{path} crashes {name} ({signal.Signals(-done.returncode).name}): it is damaged or "
            "not supported by this runtime; copy it again, or export it again"
        )
    if done.returncode:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise InputError(
            f"{path} cannot be tried with {name}: {reason[-1] if reason else 'no reason given'}"
        )


def main(module: str, resolver: str) -> int:
    """Load the model from standard input and run it on two inputs; only a crash is a failure."""
    content = sys.stdin.buffer.read()
    _limit_memory(len(content))
    package = importlib.import_module(module)
    try:
        interpreter = package.Interpreter(
            model_content=content,
            num_threads=1,
            experimental_op_resolver_type=package.OpResolverType[resolver],
        )
        interpreter.allocate_tensors()
        interpreter._get_ops_details()
        for high in (0, 255):
            for details in interpreter.get_input_details():
                interpreter.set_tensor(details["index"], _ramp(details, high))
            interpreter.invoke()
            for details in interpreter.get_output_details():
                interpreter.get_tensor(details["index"])
    except (ValueError, RuntimeError, TypeError, MemoryError, KeyError, AttributeError):
        pass  # the caller gets the same error in its own process
    return 0


def _ramp(details: dict[str, Any], high: int) -> Any:
    """Values from 0 to `high`, so that kernels process more than one value."""
    shape = tuple(int(size) for size in details["shape"])
    count = int(np.prod(shape, dtype=np.int64))
    return np.linspace(0, high, count).reshape(shape).astype(np.uint8).astype(details["dtype"])


def _limit_memory(size: int) -> None:
    """Limit the memory, so that a shape of terabytes fails here instead of filling the machine."""
    try:
        import resource

        limit = _MEMORY + 16 * size
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if hard == resource.RLIM_INFINITY or hard > limit:
            resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
