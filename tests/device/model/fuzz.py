"""Structured fuzzing of model files: one field of one table changed, for every table of a file.

    python tests/device/model/fuzz.py MODEL.tflite... [--changes 20000] [--seconds N] [--seed 1]

(`make fuzz` does it for two shipped files.)

Each changed file is loaded and run in a worker process without the trial of `device.model.trial`.
Where that ends the worker, the file is given to `fer-edge inspect` and to a classifier as the
commands make it: both have to end with an exit code and one line. The exit code is 1 if a
command crashed or showed a traceback. `--keep FILE.json` adds the changes that ended the worker or
showed a traceback to a file such as `corpus/changes.json`, which `test_corpus.py` replays.
"""

import argparse
import json
import random
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from device.errors import InputError
from device.model import trial
from device.model.flatbuffer import Flatbuffer, Table

SECONDS = 30
_FLOATS = (0.0, -1.0, 1e-45, 1e-39, 1e38, float("inf"), float("nan"))
_INTEGERS = (0, 1, 2, -1, 7, 127, 128, 255, 1 << 15, 1 << 30, -(1 << 31), (1 << 31) - 1)

Change = tuple[int, bytes]


def places(content: bytes) -> Iterator[tuple[int, int]]:
    """Position and size of each field, each element of a vector of numbers, and each length."""
    file = Flatbuffer(content)
    model = file.root()
    subgraphs = list(model.tables(2))
    operators = [o for graph in subgraphs for o in graph.tables(3)]
    tensors = [t for graph in subgraphs for t in graph.tables(0)]
    quantized = [q for t in tensors if (q := t.table(4)) is not None]
    options = [o for operator in operators if (o := operator.table(4)) is not None]
    tables = [model, *subgraphs, *operators, *tensors, *quantized, *options, *model.tables(1)]
    tables += list(model.tables(4))[:200]
    for table in tables:
        yield from _fields(table)
    for table, fields in (
        *((t, {0: 4}) for t in tensors),
        *((q, {2: 4, 3: 8}) for q in quantized),
        *((o, {1: 4, 2: 4}) for o in operators),
        *((g, {1: 4, 2: 4}) for g in subgraphs),
    ):
        for field, size in fields.items():
            start = table._target(field)
            if start is None:
                continue
            yield start, 4  # its length
            count = struct.unpack_from("<I", content, start)[0]
            for element in range(min(count, 8)):
                yield start + 4 + element * size, size


def _fields(table: Table) -> Iterator[tuple[int, int]]:
    vtable = table._at - struct.unpack_from("<i", table._file.content, table._at)[0]
    used = sorted(offset for offset in table._fields if offset)
    for number, offset in enumerate(table._fields):
        yield vtable + 4 + 2 * number, 2  # the field disappears or points elsewhere
        if offset:
            end = next((other for other in used if other > offset), table._inline)
            yield table._at + offset, min(8, max(1, end - offset))


def changes(content: bytes, count: int, seed: int) -> list[Change]:
    """A sample of one-field changes: position and new bytes."""
    draw = random.Random(seed)
    found = sorted(set(places(content)))
    drawn: set[Change] = set()
    while len(drawn) < count:
        at, size = draw.choice(found)
        drawn.add((at, _value(draw, content[at : at + size])))
    return sorted(drawn)


def _value(draw: random.Random, old: bytes) -> bytes:
    size = len(old)
    kind = draw.randrange(4)
    if kind == 0 and size == 4:
        return struct.pack("<f", draw.choice(_FLOATS))
    if kind == 1:
        return draw.randbytes(size)
    number = int.from_bytes(old, "little")
    if kind == 2:
        number += draw.choice((-2, -1, 1, 2, 4, 8))
    else:
        number = draw.choice(_INTEGERS)
    return (number % (1 << 8 * size)).to_bytes(size, "little")


def apply(content: bytes, change: Change) -> bytes:
    at, value = change
    return content[:at] + value + content[at + len(value) :]


def work(model: Path, count: int, seed: int, start: int, until: float, folder: Path) -> None:
    """Load and run each changed file until a time limit; print one line with each result."""
    from device.model.classifier import Classifier

    trial.ensure_runs = lambda *_, **__: None
    content = model.read_bytes()
    path = folder / "changed.tflite"
    face = np.tile(np.arange(48, dtype=np.uint8) * 5, (48, 1))
    for index, change in enumerate(changes(content, count, seed)):
        if index < start:
            continue
        if time.time() > until:
            break
        print(index, end=" ", flush=True)
        path.write_bytes(apply(content, change))
        signal.alarm(SECONDS)
        try:
            Classifier(path)(face)
        except InputError as error:
            print("refused" if "\n" not in str(error) else "TRACEBACK lines", flush=True)
        except Exception as error:
            print("TRACEBACK", type(error).__name__, str(error)[:80], flush=True)
        else:
            print("runs", flush=True)
        signal.alarm(0)


def fuzz(model: Path, count: int, seed: int, until: float) -> tuple[Counter[str], list[Change]]:
    """Try all changes of a file.

    Returns:
        Outcomes, of which "crashed" and "TRACEBACK" are faults of a command, and the changes that
        ended the worker or showed a traceback.
    """
    worst: list[Change] = []
    outcomes: Counter[str] = Counter()
    content = model.read_bytes()
    drawn = changes(content, count, seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = 0
        while start < count and time.time() < until:
            command = [sys.executable, __file__, "--work", str(start), str(until), str(folder)]
            command += [str(model), "--changes", str(count), "--seed", str(seed)]
            done = subprocess.run(command, capture_output=True, text=True, preexec_fn=_limit)
            lines = done.stdout.splitlines()
            for line in lines:
                index, _, outcome = line.partition(" ")
                if not outcome:
                    continue
                outcomes[outcome.split()[0]] += 1
                if outcome.startswith("TRACEBACK"):
                    print(model.name, line, flush=True)
                    worst.append(drawn[int(index)])
            if done.returncode == 0:
                break
            if not lines:
                raise SystemExit(f"the worker cannot start: {done.stderr[-500:]}")
            start = int(lines[-1].split()[0]) + 1
            outcomes[_command(folder, apply(content, drawn[start - 1]))] += 1
            worst.append(drawn[start - 1])
    return outcomes, worst


def _keep(file: Path, model: Path, found: list[Change]) -> None:
    known = json.loads(file.read_text()) if file.exists() else {}
    changes = {(at, value) for at, value in known.get(model.stem, [])}
    changes |= {(at, value.hex()) for at, value in found}
    file.write_text(json.dumps(known | {model.stem: sorted(changes)}) + "\n")


def _command(folder: Path, content: bytes) -> str:
    """The result of the commands on a file that ended the worker."""
    path = folder / "crashes.tflite"
    path.write_bytes(content)
    program = (
        "import sys; from device.errors import InputError; from pathlib import Path\n"
        "from device.model import inspection; from device.model.classifier import Classifier\n"
        "path = Path(sys.argv[1])\n"
        "def tried(call):\n"
        "    try: call(path)\n"
        "    except InputError as error: print(error, file=sys.stderr); return 2\n"
        "    return 0\n"
        "tried(inspection.inspect); sys.exit(tried(Classifier))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True)
    if done.returncode not in (0, 2) or "Traceback" in done.stderr:
        print(f"{path}: exit code {done.returncode}: {done.stderr[-300:]}", flush=True)
        return "crashed"
    return "caught by the trial"


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--changes", type=int, default=20_000, help="changes of each file")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="of all files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, metavar="FILE.json", help="adds the worst")
    given = parser.parse_args()
    if given.work:
        start, until, folder = given.work
        model = given.models[0]
        work(model, given.changes, given.seed, int(start), float(until), Path(folder))
        return 0
    faults = 0
    until = time.time() + given.seconds
    for model in given.models:
        outcomes, worst = fuzz(model, given.changes, given.seed, until)
        if given.keep:
            _keep(given.keep, model, worst)
        print(f"{model}: {dict(outcomes)}", flush=True)
        faults += outcomes["crashed"] + outcomes["TRACEBACK"]
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
