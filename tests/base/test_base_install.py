"""Features and messages with only the base install: no TensorFlow, no extras."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("tensorflow") is not None:
    pytest.skip("TensorFlow is installed: run `make base`", allow_module_level=True)

PROGRAM = Path(sys.executable).parent / "fer-edge"


def fer_edge(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *words], cwd=folder, capture_output=True, text=True)


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import cv2
    from skimage.data import astronaut

    path = tmp_path_factory.mktemp("base") / "portrait.png"
    cv2.imwrite(str(path), astronaut()[:, :, ::-1])
    return path


def test_the_package_under_test_is_the_installed_one() -> None:
    import device

    assert "site-packages" in str(device.__path__[0])


def test_a_picture_is_recognized_by_the_model_that_ships(portrait: Path, tmp_path: Path) -> None:
    done = fer_edge("predict", str(portrait), "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["faces"][0]["label"] == "happiness"


def test_doctor_and_zoo_answer(tmp_path: Path) -> None:
    assert fer_edge("zoo", folder=tmp_path).returncode == 0
    assert "Traceback" not in fer_edge("doctor", folder=tmp_path).stderr


def test_a_picture_runs_through_the_loop(portrait: Path, tmp_path: Path) -> None:
    done = fer_edge("run", str(portrait), "--jsonl", "out.jsonl", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    (line,) = (tmp_path / "out.jsonl").read_text().splitlines()
    assert json.loads(line)["faces"][0]["label"] == "happiness"


@pytest.mark.parametrize("command", [("pipeline", "demo"), ("train", "demo")])
def test_training_names_the_extra_to_install_and_writes_nothing(command, tmp_path: Path) -> None:
    done = fer_edge(*command, folder=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert "[train]" in line
    assert list(tmp_path.iterdir()) == []


def test_every_command_shows_its_help(tmp_path: Path) -> None:
    for command in ("predict", "run", "serve", "bench", "export", "pipeline", "verify", "gate"):
        assert fer_edge(command, "--help", folder=tmp_path).returncode == 0, command
