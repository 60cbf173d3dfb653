"""Data sets of other layouts, read by a map: a small copy of each layout."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from device.errors import InputError
from device.geometry import Box
from device.labels import FER2013, FERPLUS
from fer_edge.cli.app import app
from fer_edge.data import label_map, map_entries, mapped
from fer_edge.data.dataset import load
from fer_edge.data.prepare import notes, prepare

from .conftest import faces


class EveryPicture:
    """A detector that finds one face in every image except black ones."""

    color = False
    min_hits = 1

    def find(self, image):
        from device.face import Face

        return [Face(Box(0, 0, 48, 48))] if image.any() else []


@pytest.fixture(autouse=True)
def _detector(monkeypatch):
    monkeypatch.setattr(mapped, "open_detector", lambda _: EveryPicture())


@pytest.fixture
def write(tmp_path: Path):
    """Write images and texts by path below a folder."""

    def write(*paths: str, **texts) -> Path:
        for path, face in zip(paths, faces(len(paths)), strict=True):
            file = tmp_path / "set" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(file), face)
        for path, text in texts.get("files", {}).items():
            file = tmp_path / "set" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path / "set"

    return write


def named(data) -> dict[str, str]:
    """The label of each image by its file name."""
    return {
        Path(str(name)).name: data.label_names[label]
        for name, label in zip(data.names, data.labels, strict=True)
    }


def read(folder: Path, name: str, **options):
    return prepare(folder, label_map=label_map.load(name), **options)


def own(tmp_path: Path, text: str) -> str:
    path = tmp_path / "own.toml"
    path.write_text(text)
    return str(path)


def test_kdef_says_label_person_gender_and_angle_in_the_file_name(write):
    data = read(write("AF01/AF01ANS.JPG", "AF01/AF01HAHL.JPG", "BM02/BM02AFS.JPG",
                      "AF01/AF01ANFL.JPG"), "kdef")  # fmt: skip
    assert named(data) == {"AF01ANS.JPG": "angry", "AF01HAHL.JPG": "happy", "BM02AFS.JPG": "fear"}
    assert data.subjects.tolist() == ["F01", "F01", "M02"]
    assert data.attributes["gender"].tolist() == ["F", "F", "M"]
    assert data.attributes["angle"].tolist() == ["S", "HL", "S"]


def test_jaffe_says_person_and_label_in_the_file_name(write):
    data = read(write("jaffe/KA.AN1.39.tiff", "jaffe/KM.SU3.17.tiff"), "jaffe")
    assert named(data) == {"KA.AN1.39.tiff": "angry", "KM.SU3.17.tiff": "surprise"}
    assert data.subjects.tolist() == ["KA", "KM"]


def test_ckplus_takes_last_frames_and_the_first_as_neutral_of_labeled_sequences(write):
    frames = [f"cohn-kanade-images/S005/001/S005_001_0000000{n}.png" for n in range(1, 7)]
    other = "cohn-kanade-images/S010/002/S010_002_00000001.png"
    emotion = {"Emotion/S005/001/S005_001_00000006_emotion.txt": "   2.0000000e+00\n"}
    data = read(write(*frames, other, files=emotion), "ckplus")
    assert data.label_names == FERPLUS
    assert [data.label_names[label] for label in data.labels] == ["neutral", *["contempt"] * 3]
    assert set(data.subjects) == {"S005"}


def test_rafdb_lists_images_whose_aligned_copies_are_read(write):
    folder = write(
        "Image/aligned/train_00001_aligned.jpg", "Image/aligned/test_0001_aligned.jpg",
        "Image/original/train_00001.jpg",
        files={"EmoLabel/list_patition_label.txt": "train_00001.jpg 5\ntest_0001.jpg 7\n"},
    )  # fmt: skip
    data = read(folder, "rafdb")
    assert named(data) == {"train_00001_aligned.jpg": "sad", "test_0001_aligned.jpg": "neutral"}
    assert data.split.tolist() == [0, 2]


def test_affectnet_has_numbered_folders_and_leaves_out_what_is_no_expression(write):
    data = read(write("train/0/a.jpg", "val/7/b.jpg", "val_set/class001/c.jpg", "val/10/d.jpg"),
                "affectnet")  # fmt: skip
    assert named(data) == {"a.jpg": "neutral", "b.jpg": "contempt", "c.jpg": "happiness"}
    assert any("'10'" in note for note in notes(data))


def test_affectnet_tables_give_the_box(write):
    header = "subDirectory_filePath,face_x,face_y,face_width,face_height,expression\n"
    folder = write(
        "689/a.jpg", "12/b.jpg",
        files={"training.csv": header + "689/a.jpg,8,8,32,32,1\n",
               "validation.csv": header + "12/b.jpg,0,0,48,48,6\n"},
    )  # fmt: skip
    data = read(folder, "affectnet-csv")
    assert named(data) == {"a.jpg": "happy", "b.jpg": "angry"}
    assert data.split.tolist() == [0, 1]


def test_expw_lists_several_faces_of_one_image(write):
    lines = "a.jpg 0 0 0 24 24 90.1 3\na.jpg 1 24 24 48 48 80.0 6\n"
    data = read(write("origin/a.jpg", files={"label.lst": lines}), "expw")
    assert [data.label_names[label] for label in data.labels] == ["happy", "neutral"]
    assert not np.array_equal(data.images[0], data.images[1])


OWN_TABLE = r"""
name = "mine"
faces = "box"
[index]
file = 'index\.csv$'
columns = { file = "file", label = "emotion", subject = "group", split = "part", x = "x", y = "y", w = "w", h = "h", age = "age" }
[labels]
0 = "angry"
3 = "happy"
[splits]
fold1 = "train"
fold2 = "test"
"""  # noqa: E501


def test_an_own_map_reads_a_table_with_persons_boxes_and_attributes(write, tmp_path):
    rows = 'file,emotion,part,group,x,y,w,h,age\n"a.png",0,fold1,p1,-1.9,0,50.0,50.0,20-39\n'
    folder = write("a.png", "b.png", files={"index.csv": rows + "b.png,3,fold2,p2,,,,,60+\n"})
    data = read(folder, own(tmp_path, OWN_TABLE))
    assert data.label_names == FER2013 and data.split.tolist() == [0, 2]
    assert data.attributes["age"].tolist() == ["20-39", "60+"]
    data.save(tmp_path / "set.npz")
    again = load(tmp_path / "set.npz").only("test")
    assert again.subjects.tolist() == ["p2"] and again.attributes["age"].tolist() == ["60+"]


def test_persons_are_held_out_as_a_whole(write):
    paths = [f"A{g}{n:02}{label}S.JPG" for g in "FM" for n in range(1, 6) for label in ("AN", "HA")]
    data = read(write(*paths), "kdef", val_fraction=0.2, test_fraction=0.2)
    assert set(data.split.tolist()) == {0, 1, 2}
    for person in set(data.subjects):
        assert len(set(data.split[data.subjects == person])) == 1


def test_images_without_a_face_are_errors_or_left_out(write):
    folder = write("AF01ANS.JPG", "AF02HAS.JPG")
    cv2.imwrite(str(folder / "AF03SAS.JPG"), np.zeros((48, 48), np.uint8))
    with pytest.raises(InputError, match=r"AF03SAS\.JPG: contains no face"):
        read(folder, "kdef")
    assert len(read(folder, "kdef", skip_bad=True)) == 2


PATTERN = "name = 'x'\npattern = '(?P<label>[a-z]+)/[^/]+$'\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = 'x'\npattern = '(?P<label>'", "is not a regular expression"),
        ("name = 'x'\npattern = 'a'", "no label: add a group"),
        ("name = 'x'", "give a pattern"),
        ("name = ", "is not TOML"),
        (PATTERN + "face = 'box'", "face is not a key of a map: did you mean faces?"),
        (PATTERN + "faces = 'box'", "needs columns x, y, w, h"),
        (PATTERN + "[index]\nfile = 'i.csv'\ncolumns = { label = 1 }", "no `file`"),
        (PATTERN + "[index]\nfile = 'i.csv'\ncolumns = { file = 0, label = 'a' }", "mixes"),
        (PATTERN, "does not say what 'bored' means"),
        (PATTERN + "[labels]\nbored = ''", "all images are of one class, 'happy'"),
        (PATTERN + "[labels]\nbored = 'happy'", "all images are of one class"),
        (PATTERN.replace("[a-z]+", "[0-9]+"), "none of 2 images fits"),
        (PATTERN + "[index]\nfile = 'i.csv'\ncolumns = { file = 0 }", "no file fits the index"),
    ],
)
def test_wrong_maps_and_labels_are_one_line(write, tmp_path, text, message):
    folder = write("happy/a.png", "bored/b.png")
    words = ["data", "prepare", str(folder), "--map", own(tmp_path, text)]
    done = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "o.npz")])
    assert done.exit_code == 2
    assert message in done.output and len(done.output.strip().splitlines()) == 1
    assert not (tmp_path / "o.npz").exists()


@pytest.mark.parametrize(
    ("name", "message"), [("ck", "give one of"), ("no.toml", "cannot be read")]
)
def test_a_map_that_is_not_there_is_one_line(name, message):
    with pytest.raises(InputError, match=message):
        label_map.load(name)


def test_an_empty_folder_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="contains no images"):
        read(tmp_path / "empty", "kdef")


@pytest.mark.parametrize("name", label_map.names())
def test_every_map_of_the_package_is_documented(name):
    page = Path(__file__).parents[3] / "docs" / "datasets.md"
    assert f"--map {name} " in page.read_text()
    assert label_map.load(name).license


@pytest.mark.parametrize("text", ["3", "03", " 3.0 ", "3.0000000e+00"])
def test_numbers_are_one_label_however_they_are_written(text):
    assert map_entries.label_key(text) == "3"
