"""Tables and archives written by other programs, damaged ones, and decompression bombs."""

import gzip
import io
import os
import random
import shutil
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import InputError
from fer_edge.data import fer2013, ferplus
from fer_edge.data.bad_rows import BadRows
from fer_edge.data.limits import MAX_LINE
from fer_edge.data.prepare import prepare

from .conftest import VOTES_HEADER, faces, row, tree


@pytest.fixture
def plain(small_csv):
    """The digest of the small table, in any notation."""
    return prepare(small_csv).digest


def recode(text, separator):
    return text.replace(",", separator).encode()


def python_lists(text):
    lines = [line.split(",") for line in text.splitlines()[1:]]
    return ["emotion,pixels,Usage", *(f'{e},"[{p.replace(" ", ", ")}]",{u}' for e, p, u in lines)]


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda text: recode(text, ";"), id="semicolons"),
        pytest.param(lambda text: recode(text, "\t"), id="tabs"),
        pytest.param(lambda text: text.encode("utf-16"), id="UTF-16 with a mark"),
        pytest.param(lambda text: text.encode("utf-16-le"), id="UTF-16 without"),
        pytest.param(lambda text: text.encode("utf-16-be"), id="UTF-16 big-endian"),
        pytest.param(lambda text: b"\xef\xbb\xbf" + text.encode(), id="byte order mark"),
        pytest.param(lambda text: "\n".join(python_lists(text)).encode(), id="lists with commas"),
    ],
)
def test_tables_of_other_programs_are_read(small_csv, plain, write):
    small_csv.write_bytes(write(small_csv.read_text()))
    assert prepare(small_csv).digest == plain


def test_a_packed_table_is_read(small_csv, plain, tmp_path):
    packed = tmp_path / "fer2013.csv.gz"
    packed.write_bytes(gzip.compress(small_csv.read_bytes()))
    assert prepare(packed).digest == plain


def test_kaggles_table_without_usage_is_train(write_csv):
    rows = [row(face, index % 2).rsplit(",", 1)[0] for index, face in enumerate(faces(12))]
    source = write_csv(rows, "train.csv", "emotion,pixels")
    with pytest.raises(InputError, match=r"no val split; --val-fraction .*--test-fraction 0\.1"):
        prepare(source)
    data = prepare(source, val_fraction=0.3, test_fraction=0.3)
    assert {split: sum(by.values()) for split, by in data.counts().items()} == {
        "train": 6,
        "val": 2,
        "test": 4,
    }


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tar.xz", "tar.bz2", "tgz"])
def test_tars_are_read(write_images, tmp_path, ending):
    folder = write_images(tree(("bored", "keen")))
    path = tmp_path / f"faces.{ending}"
    mode = {"tar": "w", "tgz": "w:gz"}.get(ending, f"w:{ending[4:]}")
    with tarfile.open(path, mode) as archive:
        archive.add(folder, ".")
    assert prepare(path).digest == prepare(folder).digest


def test_a_zip_with_backslashes_and_synology_thumbnails_is_read(write_images, tmp_path):
    folder = write_images(tree(("bored", "keen")))
    path = tmp_path / "windows.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.rglob("*.png"):
            name = str(file.relative_to(folder)).replace("/", "\\")
            archive.writestr(name, file.read_bytes())
            archive.writestr(f"@eaDir\\{name}\\SYNOPHOTO_THUMB.jpg", b"no picture")
    assert prepare(path).digest == prepare(folder).digest


def test_a_zip_whose_names_are_utf_8_undeclared_shows_them_as_written(write_images, tmp_path):
    folder = write_images(tree(("ému", "bored")))
    path = tmp_path / "mac.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.rglob("*.png"):
            archive.write(file, file.relative_to(folder))
    content = path.read_bytes()
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (start := content.find(signature, start)) >= 0:
            content = content[: start + at] + b"\0\0" + content[start + at + 2 :]
            start += 4
    path.write_bytes(content)
    assert prepare(path).label_names == ("bored", "ému")


def test_an_archive_in_an_archive_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "challenges.zip", "w") as archive:
        archive.writestr("fer2013.tar.gz", b"")
    with pytest.raises(InputError, match=r"holds no images, but an archive: give fer2013\.tar\.gz"):
        prepare(tmp_path / "challenges.zip")


def test_a_packed_line_without_end_is_refused(tmp_path):
    path = tmp_path / "endless.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("fer2013.csv", b"emotion,pixels,Usage\n3," + b"1 " * MAX_LINE)
    with pytest.raises(InputError, match=r"fer2013\.csv:2: a line of 1 MiB or more"):
        prepare(path)


def test_packed_pictures_that_unpack_to_far_more_are_refused(tmp_path):
    path = tmp_path / "padded.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/bored/1.png", bytes(70 << 20))
    with pytest.raises(InputError, match="unpacks to 73 MB or more, above the bound of 67 MB"):
        prepare(path)


def test_a_zip_that_declares_less_than_it_holds_is_refused(tmp_path, monkeypatch):
    """A forged size has no effect: the bytes that are read are counted."""
    monkeypatch.setattr("fer_edge.data.limits.ALWAYS_ALLOWED", 1 << 20)
    packed = tmp_path / "fer2013.csv.gz"
    packed.write_bytes(gzip.compress(b"emotion,pixels,Usage\n" + b"\n" * (8 << 20)))
    with pytest.raises(InputError, match=r"fer2013\.csv: unpacks to .* or more, above the bound"):
        prepare(packed)


@pytest.mark.parametrize("what", ["/dev/zero", "pipe"])
def test_a_device_and_a_pipe_are_refused_at_once(tmp_path, what):
    if what == "pipe":
        os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is a pipe or a device, not a regular file"):
        prepare(Path(what) if what.startswith("/") else tmp_path / "pipe")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_damaged_zip_is_named_in_one_line(small_csv, tmp_path, method):
    with zipfile.ZipFile(tmp_path / "whole.zip", "w", method) as archive:
        archive.write(small_csv, "fer2013.csv")
    whole = (tmp_path / "whole.zip").read_bytes()
    generator = random.Random(0)
    for trial in range(60):
        damaged = bytearray(whole)
        for _ in range(4):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        path = tmp_path / f"{trial}.zip"
        path.write_bytes(
            damaged[: generator.randrange(len(damaged))] if trial % 3 == 0 else damaged
        )
        try:
            prepare(path)
        except InputError as error:
            assert "\n" not in str(error)


texts = st.one_of(
    st.binary(max_size=300),
    st.lists(
        st.sampled_from(
            [b"emotion", b"pixels", b"Usage", b",", b";", b"\t", b'"', b"\n", b"\r", b"\0", b" ",
             b"3", b"1 2 3", b"Training", b"[", b"]", b"\xff\xfe", b"\xef\xbb\xbf", b"9" * 5000]
        ),
        max_size=30,
    ).map(b"".join),
    st.binary(max_size=200).map(lambda rest: b"emotion,pixels,Usage\n" + rest),
)  # fmt: skip


@settings(max_examples=300)
@given(texts)
def test_no_text_ends_otherwise_than_in_faces_or_an_input_error(text):
    for skip in (False, True):
        try:
            fer2013.read(io.BytesIO(text), "fuzz.csv", BadRows(skip=skip))
        except InputError as error:
            assert "\n" not in str(error)


@settings(max_examples=300)
@given(st.one_of(texts, st.binary(max_size=200).map(lambda t: VOTES_HEADER.encode() + b"\n" + t)))
def test_no_votes_end_otherwise_than_in_votes_or_an_input_error(text):
    for skip in (False, True):
        try:
            votes = ferplus.read(io.BytesIO(text), "fuzz.csv", BadRows(skip=skip))
        except InputError as error:
            assert "\n" not in str(error)
        else:
            assert votes.votes.shape == (len(votes.split), 10)


@settings(max_examples=100)
@given(st.data())
def test_no_zip_ends_otherwise_than_in_faces_or_an_input_error(tmp_path_factory, draw):
    folder = tmp_path_factory.mktemp("zip")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("train/a/1.pgm", "train/b/1.pgm", "val/a/1.pgm", "test/a/1.pgm"):
            archive.writestr(name, b"P5 2 2 255\n" + bytes(4))
    content = bytearray(packed.getvalue())
    for at in draw.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=6)):
        content[at] = draw.draw(st.integers(0, 255))
    (folder / "faces.zip").write_bytes(content)
    try:
        prepare(folder / "faces.zip", skip_bad=draw.draw(st.booleans()))
    except InputError as error:
        assert "\n" not in str(error)
    shutil.rmtree(folder)


def test_votes_of_other_programs_are_read(tmp_path):
    row = "Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0"
    text = f"{VOTES_HEADER}\n{row}\n"
    expected = ferplus.read(io.BytesIO(text.encode()), "votes.csv", BadRows())
    for content in (
        text.replace(",", ";").encode(),
        text.encode("utf-16"),
        text.encode("utf-8-sig"),
    ):
        found = ferplus.read(io.BytesIO(content), "votes.csv", BadRows())
        np.testing.assert_array_equal(found.votes, expected.votes)
        assert found.images == ["fer0000000.png"]


def test_gzip_of_a_cut_file_is_an_input_error(small_csv, tmp_path):
    content = gzip.compress(small_csv.read_bytes())
    for damaged in (content[:-40], content[:200] + zlib.compress(b"x") + content[220:]):
        (tmp_path / "cut.csv.gz").write_bytes(damaged)
        with pytest.raises(InputError, match=r"cut\.csv"):
            prepare(tmp_path / "cut.csv.gz")
