"""Class folders: any image format, any spelling of the classes, in a folder or a zip."""

import os
import shutil
import tracemalloc

import cv2
import numpy as np
import pytest

from device.errors import InputError
from device.labels import FER2013, FERPLUS
from fer_edge.data.dataset import SPLITS
from fer_edge.data.pictures import to_face
from fer_edge.data.prepare import notes, prepare

from .conftest import faces, tree


def test_class_folders_are_labels_and_split_folders_splits(write_images):
    data = prepare(write_images(tree(FER2013)))
    assert data.label_names == FER2013
    for split in ("train", "val", "test"):
        assert data.only(split).counts()[split] == dict.fromkeys(FER2013, 1)
    assert data.names[0] == "test/angry/0.png"


def test_48x48_gray_pixels_come_through_unchanged(write_images):
    pictures = tree(FER2013)
    data = prepare(write_images(pictures))
    for name, image in zip(data.names, data.images, strict=True):
        np.testing.assert_array_equal(image, pictures[str(name)])


@pytest.mark.parametrize(
    "spelled",
    [
        ("Anger", "DISGUST", "Fearful", "Happiness", "sadness", "Surprised", "Neutral"),
        ("angry", "disgusted", "afraid", "joy", "Sad", "surprise", "calm"),
    ],
)
def test_synonyms_and_case_mean_the_same_classes(write_images, spelled):
    same = prepare(write_images(tree(FER2013), "ours"))
    data = prepare(write_images(tree(spelled), "theirs"))
    assert data.label_names == FER2013
    assert sorted(data.labels.tolist()) == sorted(same.labels.tolist())


def test_contempt_makes_them_the_classes_of_fer_plus(write_images):
    data = prepare(write_images(tree((*FER2013, "contempt"))))
    assert data.label_names == FERPLUS
    assert data.label_names[data.labels[data.names == "train/happy/3.png"][0]] == "happiness"


def test_own_classes_keep_their_names(write_images):
    data = prepare(write_images(tree(("Bored", "awake", "happy"))))
    assert data.label_names == ("awake", "Bored", "happy")


@pytest.mark.parametrize("name", ["hapy", "content", "unhappy", "Straße", "[neutral]", "calmly"])
def test_a_name_like_a_known_one_is_a_class_as_it_is_written_and_said(write_images, name):
    pictures = {f"{split}/{name}/9.png": face for split, face in zip(SPLITS, faces(3), strict=True)}
    data = prepare(write_images(tree(FER2013) | pictures))
    assert name in data.label_names and set(FER2013) < set(data.label_names)
    hinted = {"hapy": "happy", "content": "contempt", "unhappy": "happy"}.get(name)
    if hinted:
        assert f"note: class {name!r} is kept as it is; was {hinted!r} meant?" in notes(data)


def test_a_typing_error_in_another_split_is_an_unknown_class(write_images):
    folder = write_images(tree(FER2013) | {"val/hapy/9.png": faces(1)[0]})
    with pytest.raises(InputError, match=r"val/hapy/9\.png: unknown class 'hapy': .* mean 'happy'"):
        prepare(folder)
    assert prepare(folder, skip_bad=True).label_names == FER2013


@pytest.mark.parametrize(("one", "other"), [("neutral", "calm"), ("happy", "joy")])
def test_two_names_of_one_class_are_never_merged_unasked(write_images, one, other):
    data = prepare(write_images(tree(("sad", one, other))))
    assert data.label_names == tuple(sorted(("sad", one, other)))
    assert f"{other!r} are kept apart" in notes(data)[0] or f"{one!r} are kept" in notes(data)[0]


def test_names_that_differ_in_case_alone_are_refused(write_images):
    with pytest.raises(InputError, match="classes 'Awake' and 'awake' differ only in case"):
        prepare(write_images(tree(("awake", "Awake", "bored"))))


def test_both_unicode_forms_of_a_name_are_one_class(write_images):
    composed, decomposed = "\u00e9mu", "e\u0301mu"
    pictures = tree((composed, "calme"), ("train",)) | tree((decomposed, "calme"), ("val", "test"))
    data = prepare(write_images(pictures))
    assert data.label_names == ("calme", composed)


def test_a_folder_name_in_latin_1_is_read(write_images):
    folder = write_images(tree(("ecstatic", "bored")))
    for split in SPLITS:
        (folder / split / "ecstatic").rename(folder / split / os.fsdecode(b"\xe9mu"))
    data = prepare(folder)
    assert data.label_names == ("bored", "\u00e9mu")
    assert "train/\u00e9mu/0.png" in data.names


def test_a_class_name_that_cannot_be_printed_is_refused(write_images):
    with pytest.raises(InputError, match=r"class 'a\\x1b\[31m': has characters"):
        prepare(write_images(tree(("a\x1b[31m", "bored"))))


def test_linked_folders_are_read_and_a_circle_ends(write_images):
    folder = write_images(tree(("bored", "keen"), ("train", "val")))
    real = write_images(tree(("bored", "keen"), ("elsewhere",)), "other")
    (folder / "test").symlink_to(real / "elsewhere", target_is_directory=True)
    (folder / "train/bored/up").symlink_to(folder, target_is_directory=True)
    (folder / "train/third").symlink_to(real / "elsewhere/keen", target_is_directory=True)
    data = prepare(folder)
    assert data.counts()["test"] == {"bored": 1, "keen": 1, "third": 0}
    assert data.counts()["train"] == {"bored": 1, "keen": 1, "third": 1}


@pytest.mark.parametrize("ending", ["jfif", "jpe", "gif", "avif", "jp2", "tif", "webp", "pgm"])
def test_pictures_of_all_endings_that_opencv_reads_are_read(write_images, ending):
    folder = write_images(tree(("bored", "keen")))
    real = {"jfif": "jpg", "jpe": "jpg"}.get(ending, ending)
    face = faces(1)[0]
    if ending == "gif":
        face = cv2.cvtColor(face, cv2.COLOR_GRAY2BGR)
    (folder / f"train/bored/9.{ending}").write_bytes(cv2.imencode(f".{real}", face)[1].tobytes())
    assert f"train/bored/9.{ending}" in prepare(folder).names


def test_a_layout_for_detectors_is_no_set_of_one_class(write_images):
    folder = write_images(
        {f"{split}/images/{i}.png": faces(1)[0] for i, split in enumerate(SPLITS)}
    )
    (folder / "train/labels").mkdir()
    (folder / "train/labels/0.txt").write_text("3 0.5 0.5 1 1")
    with pytest.raises(InputError, match=r"of one class, 'images': this looks like .*YOLO"):
        prepare(folder)


def test_a_limit_keeps_every_class_of_every_split(write_images):
    pictures = {
        f"{split}/{name}/{i}.png": face
        for split in SPLITS
        for name, count in (("rare", 2), ("bored", 20))
        for i, face in enumerate(faces(count))
    }
    counts = prepare(write_images(pictures), limit=12).counts()
    assert counts == {split: {"bored": 3, "rare": 1} for split in SPLITS}


def test_of_three_images_a_class_one_is_held_out_for_each_split(write_images):
    images = {f"{n}/{i}.png": face for n in ("bored", "keen") for i, face in enumerate(faces(3))}
    data = prepare(write_images(images), val_fraction=0.1, test_fraction=0.1)
    assert sum(sum(by.values()) for by in data.counts().values()) == 6
    assert all(sum(by.values()) == 2 for by in data.counts().values())


def test_a_pipe_and_a_dangling_link_among_the_pictures_are_named(write_images):
    folder = write_images(tree(("bored", "keen")))
    os.mkfifo(folder / "train/bored/pipe.png")
    with pytest.raises(InputError, match=r"train/bored/pipe\.png: is a pipe or a device"):
        prepare(folder)
    (folder / "train/keen/gone.png").symlink_to(folder / "nowhere.png")
    data = prepare(folder, skip_bad=True)
    assert data.provenance["left_out"]["count"] == 2
    assert any("gone.png: cannot be read (No such file" in note for note in notes(data))


@pytest.mark.parametrize("shape", [(1, 20_000), (20_000, 1)])
def test_a_very_narrow_picture_is_read_in_little_memory(shape):
    tracemalloc.start()
    try:
        to_face(np.full(shape, 7, np.uint8))
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_a_class_that_train_does_not_know_is_named(write_images):
    folder = write_images(tree(("bored", "awake")) | {"test/asleep/9.png": faces(1)[0]})
    with pytest.raises(InputError, match=r"test/asleep/9\.png: unknown class 'asleep': no folder"):
        prepare(folder)


@pytest.mark.parametrize(
    "names",
    [
        ("Training", "PublicTest", "PrivateTest"),
        ("TRAIN", "valid", "Test"),
        ("train", "validation", "testing"),
    ],
)
def test_split_folders_have_many_names(write_images, names):
    data = prepare(write_images(tree(FER2013, names)))
    assert [len(data.only(split)) for split in ("train", "val", "test")] == [7, 7, 7]


@pytest.mark.parametrize("shape", [(48, 48, 3), (96, 96), (200, 120, 3), (20, 20), (1, 9, 4)])
def test_pictures_of_any_size_and_color_become_faces(write_images, shape):
    picture = np.full(shape, 90, np.uint8)
    data = prepare(write_images(tree(FER2013) | {"train/happy/other.png": picture}))
    np.testing.assert_array_equal(data.images[data.names == "train/happy/other.png"][0], 90)


def test_jpeg_and_16_bit_pictures_are_read(write_images):
    face = faces(1)[0]
    extra = {"train/sad/a.JPG": face, "train/sad/b.png": face.astype(np.uint16) * 257}
    data = prepare(write_images(tree(FER2013) | extra))
    jpeg, deep = (data.images[data.names == name][0].astype(int) for name in extra)
    assert np.abs(jpeg - face).mean() < 4
    np.testing.assert_array_equal(deep, face)


def test_a_large_picture_is_averaged_not_sampled():
    checks = (np.indices((480, 480)).sum(axis=0) % 2 * 200).astype(np.uint8)
    assert np.abs(to_face(checks).astype(int) - 100).max() <= 1


def test_a_wide_picture_keeps_its_aspect():
    wide = np.zeros((60, 120), np.uint8)
    cv2.circle(wide, (60, 30), 20, 255, -1)
    mask = to_face(wide) > 127
    assert mask.any(axis=0).sum() == pytest.approx(mask.any(axis=1).sum(), abs=1)


@pytest.mark.parametrize("content", [b"", b"not an image", "half"])
def test_an_unreadable_image_is_named(write_images, content):
    folder = write_images(tree(FER2013))
    bad = folder / "train/happy/bad.png"
    whole = cv2.imencode(".png", faces(1)[0])[1].tobytes()
    bad.write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    with pytest.raises(InputError, match=r"train/happy/bad\.png: is not an image"):
        prepare(folder)
    data = prepare(folder, skip_bad=True)
    assert len(data) == 21
    assert data.provenance["left_out"]["count"] == 1


def test_a_missing_split_is_named(write_images):
    folder = write_images(tree(FER2013, ("train", "test")))
    with pytest.raises(InputError, match="has no val split; --val-fraction"):
        prepare(folder)
    with pytest.raises(InputError, match="has no test split"):
        prepare(write_images(tree(FER2013, ("train", "val")), "other"))


@pytest.mark.parametrize("top", ["", "my_faces/"])
def test_class_folders_without_splits_are_train_and_the_rest_is_held_out(write_images, top):
    images = {
        f"{top}{name}/{i}.png": face
        for name in ("bored", "keen")
        for i, face in enumerate(faces(20))
    }
    folder = write_images(images)
    with pytest.raises(InputError, match="has no val split; --val-fraction"):
        prepare(folder)
    with pytest.raises(InputError, match="has no test split; --test-fraction"):
        prepare(folder, val_fraction=0.1)
    data = prepare(folder, val_fraction=0.2, test_fraction=0.1)
    assert data.label_names == ("bored", "keen")
    counts = {split: sum(by.values()) for split, by in data.counts().items()}
    assert counts == {"train": 28, "val": 8, "test": 4}
    assert prepare(folder, missing_fraction=0.1).counts()["test"] == {"bored": 2, "keen": 2}


def test_a_split_that_is_there_is_not_held_out_again(write_images):
    folder = write_images(tree(FER2013))
    assert prepare(folder, missing_fraction=0.5).counts() == prepare(folder).counts()
    with pytest.raises(InputError, match="already has a test split"):
        prepare(folder, test_fraction=0.1)


def test_an_image_outside_the_splits_or_classes_is_named(write_images):
    folder = write_images(tree(FER2013) | {"cover.png": faces(1)[0]})
    with pytest.raises(InputError, match=r"cover\.png: lies in none of the folders"):
        prepare(folder)
    (folder / "cover.png").rename(folder / "train/cover.png")
    with pytest.raises(InputError, match=r"train/cover\.png: lies in no class folder"):
        prepare(folder)


def test_an_empty_folder_and_no_folder_are_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds neither a table of faces nor images"):
        prepare(tmp_path / "empty")
    with pytest.raises(InputError, match="no such file or folder"):
        prepare(tmp_path / "nothing")


def test_files_that_are_no_images_are_passed_over_and_counted(write_images):
    folder = write_images(tree(FER2013))
    (folder / "README.txt").write_text("faces")
    (folder / ".DS_Store").write_text("")
    assert prepare(folder).provenance["files_passed_over"] == 1


def test_a_level_down_and_in_a_zip_it_is_the_same_data(write_images, tmp_path):
    plain = prepare(write_images(tree(FER2013)))
    write_images(tree(FER2013), "kaggle/archive")
    assert prepare(tmp_path / "kaggle").digest == plain.digest
    archive = shutil.make_archive(str(tmp_path / "faces"), "zip", tmp_path / "kaggle")
    before = set(tmp_path.rglob("*"))
    assert prepare(tmp_path / archive).digest == plain.digest
    assert set(tmp_path.rglob("*")) == before


def test_a_zip_of_the_tables_is_the_same_data(small_csv, tmp_path):
    digest = prepare(small_csv).digest
    folder = tmp_path / "challenges" / "data"
    folder.mkdir(parents=True)
    shutil.copy(small_csv, folder)
    shutil.copy(small_csv, folder / "icml_face_data.csv")
    archive = shutil.make_archive(str(tmp_path / "challenges"), "zip", tmp_path / "challenges")
    assert prepare(tmp_path / archive).digest == digest


def test_a_damaged_zip_is_refused(small_csv, tmp_path):
    (tmp_path / "in").mkdir()
    shutil.copy(small_csv, tmp_path / "in")
    archive = tmp_path / "faces.zip"
    shutil.make_archive(str(archive.with_suffix("")), "zip", tmp_path / "in")
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 255
    archive.write_bytes(content)
    with pytest.raises(InputError, match=r"fer2013\.csv"):
        prepare(archive)
