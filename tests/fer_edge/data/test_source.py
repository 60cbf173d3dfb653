"""Resolution of a run's `--data`."""

from fer_edge import recipe
from fer_edge.data.dataset import load
from fer_edge.data.source import resolve_data

from .conftest import faces, row


def test_labels_corrected_in_a_table_of_the_same_size_are_prepared_anew(write_csv, tmp_path):
    rows = [row(face, index % 2) for index, face in enumerate(faces(24))]
    demo, out = recipe.load("demo"), tmp_path / "run"
    first = resolve_data(write_csv(rows, "small.csv"), demo, out)
    assert resolve_data(write_csv(rows, "small.csv"), demo, out) == first
    rows[5] = row(faces(24)[5], 4)
    second = resolve_data(write_csv(rows, "small.csv"), demo, out)
    assert second != first
    assert load(second).digest != load(first).digest


def test_a_picture_replaced_by_one_of_the_same_size_is_prepared_anew(write_images, tmp_path):
    pictures = {f"{n}/{i}.bmp": face for n in ("bored", "keen") for i, face in enumerate(faces(4))}
    demo, out = recipe.load("demo"), tmp_path / "run"
    first = resolve_data(write_images(pictures), demo, out)
    pictures["bored/0.bmp"] = faces(1, seed=9)[0]
    assert resolve_data(write_images(pictures), demo, out) != first


def test_files_that_were_passed_over_are_said(write_images, tmp_path, capsys):
    pictures = {f"{n}/{i}.png": face for n in ("bored", "keen") for i, face in enumerate(faces(4))}
    folder = write_images(pictures)
    (folder / "bored/9.heic").write_bytes(b"")
    resolve_data(folder, recipe.load("demo"), tmp_path / "run")
    assert "1 files that are not images were ignored (1 .heic)" in capsys.readouterr().err
