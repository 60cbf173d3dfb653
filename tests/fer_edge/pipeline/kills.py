"""A pipeline that is killed thirty times gives the same bytes as an uninterrupted one.

    python tests/fer_edge/pipeline/kills.py [--kills 30] [--seed 1] [--folder FOLDER]
        [--longest SECONDS]

(`make kills` does it; it takes about ten minutes on two slow cores.) Each start of the same command
gets SIGKILL after a random time, anywhere from Python's imports to the report. A run that comes to
its end all the same is compared, and another one begins, until there were enough kills. All files
are compared byte by byte with those of an undisturbed run: models, weights, histories (without the
seconds) and all else must be equal. Files with measured times differ from one run to the next
anyway, and are listed.
"""

import argparse
import csv
import hashlib
import json
import random
import runpy
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFTEST = Path(__file__).parents[1] / "conftest.py"
LOGS = ("tensorboard",)
"""Folders with a file for each start of a training."""

TIMED = (".card.json", "stage.json", "checkpoints/checkpoint")
"""Files with times in them: a card's measured latencies, a stage's duration, TensorFlow's index."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, help="life of a process; 0.4 of a run if left out")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary one if left out")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder, draw = given.folder or Path(name), random.Random(given.seed)
        return compare(folder, given.kills, given.longest, draw)


def compare(folder: Path, kills: int, longest: float | None, draw: random.Random) -> int:
    """Run the uninterrupted pipeline and killed ones, and compare them; returns the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.toml").write_text(runpy.run_path(str(CONFTEST))["TINY"])
    data = folder / "data.npz"
    words = ("data", "synth", "--per-class", "40", "--seed", "5", "--out", data)
    if not data.exists():
        subprocess.run(command(*words), check=True, stdout=subprocess.DEVNULL)
    begin = time.monotonic()
    if run(folder, "whole").wait():
        return 1
    whole = time.monotonic() - begin
    print(f"undisturbed: {whole:.0f} s", flush=True)
    longest = longest or 0.4 * whole
    killed, number, faults = 0, 1, 0
    while killed < kills:
        name = f"killed-{number}"
        process = run(folder, name)
        try:
            process.wait(draw.uniform(0.1, 1.0) * longest)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
            print(f"kill {killed}: {name}, stages {finished(folder / name)}", flush=True)
            if killed < kills:
                continue
            run(folder, name).wait()
        number += 1
        faults += report(folder / "whole", folder / name)
    print(f"{killed} kills in {number - 1} runs: {faults} faults", flush=True)
    return 1 if faults else 0


def finished(folder: Path) -> str:
    """Names of the folders of stages that have started."""
    return ", ".join(sorted(path.name for path in folder.glob("*") if path.is_dir())) or "none"


def run(folder: Path, out: str) -> "subprocess.Popen[bytes]":
    """Start the pipeline in a separate process."""
    log = (folder / f"{out}.log").open("ab")
    words = ["pipeline", folder / "tiny.toml", "--data", folder / "data.npz", "--out", folder / out]
    return subprocess.Popen(command(*words), stdout=log, stderr=log)


def command(*words: object) -> list[str]:
    program = "import sys; sys.argv[0] = 'fer-edge'; from fer_edge.cli.app import app; app()"
    return [sys.executable, "-c", program, *map(str, words)]


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file, by its path in the run; of a history without its times."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(_content(path)).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.parent.name not in LOGS
    }


def _content(path: Path) -> bytes:
    if path.name != "history.csv":
        return path.read_bytes()
    with path.open(newline="") as file:
        rows = [{**row, "seconds": ""} for row in csv.DictReader(file)]
    return json.dumps(rows).encode()


def report(whole: Path, killed: Path) -> int:
    """Print differences; returns the number of files that should be equal and are not."""
    ours, theirs = digests(whole), digests(killed)
    different = sorted(
        name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)
    )
    alone = ours.keys() ^ theirs.keys()
    faults = [name for name in different if name in alone or not _is_measured(name)]
    same = sum(theirs.get(name) == digest for name, digest in ours.items())
    print(f"{killed.name}: {same} of {len(ours)} files are the same", flush=True)
    for name in different:
        print(f"  {'FAULT' if name in faults else 'measured'}: {name}", flush=True)
    return len(faults)


def _is_measured(name: str) -> bool:
    """Whether a file of a run contains times or process numbers."""
    folder = name.partition("/")[0]
    return folder in ("benchmark", "report", "run.lock") or name.endswith(TIMED)


if __name__ == "__main__":
    sys.exit(main())
