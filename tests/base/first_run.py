"""The first commands in an environment that holds the wheel and its dependencies alone.

    python tests/base/first_run.py fer_edge-*.whl

`make base` runs it before it installs the tools of the tests, which bring further distributions.
"""

import json
import subprocess
import sys
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

MAX_WHEEL = 5_000_000  # bytes
IN_THE_WHEEL = ["nano-pruned", "nano", "small-pruned", "small", "base"]  # without base-pruned
PROGRAM = Path(sys.executable).parent / "fer-edge"


def check_wheel(wheel: Path) -> None:
    """Check the size of the wheel and that it contains no excluded files."""
    assert wheel.stat().st_size <= MAX_WHEEL, f"{wheel} has {wheel.stat().st_size:,} bytes"
    names = zipfile.ZipFile(wheel).namelist()
    packages = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert packages == {"device", "quantization", "benchmarks", "fer_edge"}, packages
    assert "fer_edge/zoo/SHA256SUMS" in names


def check_commands(folder: Path) -> None:
    """Detect, crop and classify an image drawn by the wheel's own generator."""
    import cv2

    from fer_edge.data import synthetic

    picture = folder / "portrait.png"
    cv2.imwrite(str(picture), synthetic.portrait("happy", seed=0))
    (face,) = json.loads(_fer_edge("predict", str(picture), "--json", folder=folder))["faces"]
    assert face["label"]
    _fer_edge("run", str(picture), "--jsonl", "out.jsonl", folder=folder)
    assert len((folder / "out.jsonl").read_text().splitlines()) == 1
    findings = json.loads(_fer_edge("doctor", "--json", folder=folder))["findings"]
    assert "digests" in [finding["name"] for finding in findings]
    models = json.loads(_fer_edge("zoo", "--json", folder=folder))["models"]
    assert [model["name"] for model in models] == IN_THE_WHEEL


def _fer_edge(*words: str, folder: Path) -> str:
    done = subprocess.run([PROGRAM, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


if __name__ == "__main__":
    assert find_spec("pytest") is None and find_spec("tensorflow") is None
    check_wheel(Path(sys.argv[1]))
    with tempfile.TemporaryDirectory() as temporary:
        check_commands(Path(temporary))
    print("the wheel runs with its dependencies alone")
