"""`fer-edge run --text`: one fused result a frame, in every output, and wrong options."""

import csv
import json
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from device.sinks import jsonl
from fer_edge import zoo
from fer_edge.cli.app import app

FACE = str(zoo.HOME / "nano" / "ferplus_int8.tflite")
TEXT = "00:00:00.000 --> 00:00:01.000\nI am so scared, this is terrifying\n"


@pytest.fixture(scope="module")
def film(portrait: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of a face of 256 pixels, and two frames without one."""
    scene = np.full((480, 640, 3), 120, np.uint8)
    scene[100:356, 200:456] = cv2.resize(portrait, (256, 256))
    path = tmp_path_factory.mktemp("film") / "film.avi"
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (640, 480))
    for _ in range(8):
        video.write(scene)
    for _ in range(2):
        video.write(np.full_like(scene, 120))
    video.release()
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, film: Path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.vtt").write_text("WEBVTT\n\n" + TEXT)

    def run(*options: str, source: Path | str = film) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["run", str(source), "--model", FACE, *options])
        return result.exit_code, result.output

    return run


def lines(path: str) -> list[dict]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def test_every_line_has_the_fused_result_beside_its_modalities(run) -> None:
    code, output = run("--text", "words.vtt", "--jsonl", "o.jsonl", "--csv", "o.csv")
    assert code == 0, output
    found = lines("o.jsonl")
    assert len(found) == 10
    for version in ("1.0", "1.1"):  # readers of the first version still read the lines
        schema = json.loads((jsonl.SCHEMA.parent / f"result-{version}.schema.json").read_text())
        for line in found:
            jsonschema.validate(line, schema)
    both = next(line for line in found[2:] if line["faces"] and line["modalities"]["text"]["age"])
    text = both["modalities"]["text"]
    assert max(text["probabilities"], key=text["probabilities"].get) == "fear"
    assert both["modalities"]["face"]["probabilities"] == both["faces"][0]["probabilities"]
    weights = [modality["weight"] for modality in both["modalities"].values()]
    assert all(weights) and sum(weights) == pytest.approx(1, abs=1e-3)
    assert both["fused"]["probabilities"]["fear"] > both["faces"][0]["probabilities"]["fear"]
    assert set(both["fused"]["probabilities"]) == set(both["faces"][0]["probabilities"])
    assert found[-1]["fused"] is not None  # no face: the words and the last face still count

    rows = list(csv.DictReader(Path("o.csv").read_text().splitlines()))
    assert len(rows) == 10
    assert rows[-1]["track"] == "" and float(rows[-1]["text_weight"]) > 0
    assert rows[5]["fused_label"] == found[5]["fused"]["label"]


def test_without_sound_and_text_nothing_is_added(run) -> None:
    assert run("--jsonl", "o.jsonl", "--csv", "o.csv")[0] == 0
    for line in lines("o.jsonl"):
        assert list(line) == [
            *("schema_version", "time", "source", "frame", "position", "dropped", "faces"),
            "latency_ms",
        ]
    assert Path("o.csv").read_text().splitlines()[0].endswith("fear,contempt")


def test_a_file_of_weights_decides_how_much_each_counts(run) -> None:
    Path("w.toml").write_text("[face]\nweight = 0\n[text]\nweight = 1\nmax_age = 60\n")
    assert run("--text", "words.vtt", "--fusion", "w.toml", "--jsonl", "o.jsonl")[0] == 0
    last = lines("o.jsonl")[-1]
    assert last["modalities"]["face"]["weight"] == 0
    assert last["modalities"]["text"]["weight"] == 1
    assert last["fused"]["label"] == "fear"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--text", "none.txt"), "cannot be read"),
        (("--text", "empty.txt"), "does not contain text"),
        (("--text", "latin.txt"), "line 2 is not UTF-8"),
        (("--text", "long.txt"), "line 1 has 10,000,000 bytes"),
        (("--text", "mqtt:words"), "needs --mqtt URL"),
        (("--text", "words.vtt", "--text-model", FACE), "not a text model"),
        (("--text-model", FACE), "--text-model needs --text"),
        (("--audio", "mic"), "--audio needs --audio-model"),
        (("--fusion", "w.toml"), "needs --audio or --text"),
        (("--text", "words.vtt", "--fusion", "w.toml"), "speech is unknown: use [face]"),
        (("--text", "words.vtt", "--fusion", "x.toml"), "text.weight is -1: must be a number"),
        (("--text", "words.vtt", "--fusion", "z.toml"), "all weights are 0"),
    ],
)
def test_wrong_options_are_one_line_and_exit_code_2(run, options, message) -> None:
    Path("empty.txt").write_text("\n\n")
    Path("latin.txt").write_bytes(b"fine\n\xe9t\xe9\n")
    Path("long.txt").write_bytes(b"x" * 10_000_000)
    Path("w.toml").write_text("[speech]\nweight = 1\n")
    Path("x.toml").write_text("[text]\nweight = -1\n")
    Path("z.toml").write_text("[text]\nweight = 0\n[face]\nweight = 0\n")
    code, output = run(*options, "--jsonl", "o.jsonl")
    assert code == 2 and message in output and len(output.splitlines()) == 1


def test_frames_and_text_cannot_both_come_from_stdin(run) -> None:
    code, output = run("--text", "-", source="-")
    assert code == 2 and "both frames and text" in output
