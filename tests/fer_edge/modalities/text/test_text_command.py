"""`fer-edge text`: from generated sentences to a file that the device runs, and wrong input."""

import json
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from device.errors import InputError
from device.modalities.text.classifier import TextClassifier
from fer_edge.cli.app import app
from fer_edge.modalities.text import read

WORDS = {
    "joy": ["great", "love", "happy", "wonderful", "nice"],
    "anger": ["hate", "awful", "furious", "stupid", "worst"],
    "neutral": ["table", "water", "monday", "paper", "road"],
}
SMALL = ("features.buckets=2000", "train.epochs=3", "net.filters=8", "quantize.texts=50")


def sentences(count: int) -> list[tuple[str, str]]:
    rng = random.Random(0)
    labels = [rng.choice(list(WORDS)) for _ in range(count)]
    return [
        (" ".join(rng.choices(WORDS[name], k=4)) + f" {i}", name) for i, name in enumerate(labels)
    ]


@pytest.fixture(scope="session")
def csv_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "sentences.csv"
    rows = [f"{text},{label}\n" for text, label in sentences(600)]
    path.write_text("text,label\n" + "".join(rows))
    return path


def run(data: Path, out: Path, *more: str) -> tuple[int, str]:
    options = [option for value in SMALL for option in ("--set", value)]
    done = CliRunner().invoke(app, ["text", str(data), "--out", str(out), *options, *more])
    return done.exit_code, done.output


@pytest.fixture(scope="session")
def trained(csv_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "text"
    code, output = run(csv_file, out)
    assert code == 0, output
    return out


@pytest.mark.slow
def test_the_file_answers_and_its_card_says_how_well(trained: Path) -> None:
    model = TextClassifier(trained / "text_int8.tflite")
    assert model.labels == ("anger", "joy", "neutral")
    assert model.labels[int(model("what a wonderful, happy day").argmax())] == "joy"
    card = json.loads((trained / "text_int8.card.json").read_text())
    assert card["metrics"]["accuracy"]["top1"] > 0.8
    assert 0 < card["decision"]["fusion"]["weight"] <= 1
    assert card["bytes"] == (trained / "text_int8.tflite").stat().st_size


@pytest.mark.slow
def test_a_finished_run_is_continued_to_the_same_file(csv_file: Path, trained: Path) -> None:
    before = (trained / "text_int8.tflite").read_bytes()
    assert run(csv_file, trained)[0] == 0
    assert (trained / "text_int8.tflite").read_bytes() == before
    code, output = run(csv_file, trained, "--set", "seed=5")
    assert code == 2 and "another recipe, model or data" in output


@pytest.mark.slow
def test_empty_and_endless_texts_get_an_answer(trained: Path) -> None:
    model = TextClassifier(trained / "text_int8.tflite")
    for text in ("", "😀" * 5_000_000):
        assert model(text).sum() == pytest.approx(1)


def test_a_model_of_faces_is_refused() -> None:
    from fer_edge import zoo

    with pytest.raises(InputError, match="not a text model"):
        TextClassifier(zoo.resolve("zoo:nano"))


def test_the_shipped_model_names_what_a_sentence_shows() -> None:
    from fer_edge import zoo

    model = TextClassifier(zoo.HOME / "text" / "text_int8.tflite")
    shown = [model.labels[int(model(text).argmax())] for text in (
        "I love this, thank you so much!", "I'm scared, this is terrifying", "That makes me so sad",
    )]  # fmt: skip
    assert shown == ["joy", "fear", "sadness"]
    assert (zoo.HOME / "text" / "text_int8.tflite").stat().st_size < 1_000_000


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"words,label\nhello,joy\n", "no column 'text'"),
        ("a.csv", b"text,label\nhello,joy\nbye,mauve\n", "'mauve'"),
        ("a.csv", b"text,label\nhello,joy\n", "of one class"),
        ("a.csv", b"text,label\n", "no labeled text found"),
        ("a.csv", b"text,label\n\xff\xfe\xfd,joy\n", "not UTF-8"),
        ("a.tsv", b"text\tlabel\nhello\n", "a.tsv:2: the row has 1 columns"),
        ("a.jsonl", b'{"text": "hello"}\n', "key 'label' is missing"),
        ("a.jsonl", b"hello\n", "not a JSON object"),
        ("a.csv", b"text,label\n" + b"x" * 10_000_000 + b",joy\n", "field larger than"),
        ("a.txt", b"hello\n", "no file matches"),
    ],
)  # fmt: skip
def test_wrong_data_is_one_line_and_exit_code_2(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    code, output = run(path, tmp_path / "out")
    assert code == 2 and message in output
    assert len(output.strip().splitlines()) == 1 and not (tmp_path / "out").exists()


def test_goemotions_is_recognized_by_its_layout(tmp_path: Path) -> None:
    path = tmp_path / "goemotions.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("labels.txt", "anger\ngratitude\nneutral\n")
        for split in ("train", "dev", "test"):
            archive.writestr(f"{split}.tsv", f'"quoted {split}\t0\tid\nboth {split}\t0,1\tid\n')
    data = read.read(path)
    assert data.labels == ("anger", "joy")
    assert data.splits["val"].texts == ('"quoted dev', "both dev")
    np.testing.assert_array_equal(data.splits["train"].targets, [[1, 0], [0.5, 0.5]])
    assert data.splits["train"].single.tolist() == [0, -1]


def test_json_lines_with_labels_of_their_own(tmp_path: Path) -> None:
    rows = [("train", "grin"), ("train", "frown"), ("dev", "grin"), ("test", "frown")]
    lines = [json.dumps({"said": f"{s} {m}", "mood": [m], "part": s}) for s, m in rows]
    (tmp_path / "data.jsonl").write_text("\n".join(lines))
    (tmp_path / "map.toml").write_text(
        'name = "mine"\ntext = "said"\nlabel = "mood"\nsplit = "part"\n'
        '[labels]\ngrin = "happy"\nfrown = "sad"\n'
    )
    data = read.read(tmp_path / "data.jsonl", str(tmp_path / "map.toml"))
    assert data.labels == ("joy", "sadness") and data.about["name"] == "mine"


def test_training_texts_that_stand_in_test_are_left_out(tmp_path: Path) -> None:
    same = "text,label\nsame words,joy\n"
    for split in ("train", "val", "test"):
        (tmp_path / f"{split}.csv").write_text(same + f"{split},anger\n")
    data = read.read(tmp_path)
    assert data.splits["train"].texts == ("train",)
    assert data.about["left_out"]["in_val_or_test"] == 1


def test_a_map_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text('name = "x"\nlable = "y"\n')
    with pytest.raises(InputError, match="lable is not a key of a map: did you mean label"):
        read.load(str(tmp_path / "map.toml"))
