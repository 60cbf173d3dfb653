"""Kaggle's text files: every valid row is read exactly, every invalid one is reported."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from device.errors import InputError
from device.labels import FER2013
from fer_edge.data.fer2013 import PIXELS, parse_pixels, parse_pixels_fast
from fer_edge.data.prepare import prepare

from .conftest import USAGES, faces, row

pictures = arrays(np.uint8, (48, 48), elements=st.integers(0, 255))


def text(image):
    return " ".join(map(str, image.ravel())).encode()


@given(st.lists(pictures, min_size=1, max_size=3))
def test_both_parsers_give_the_pixels_back(images):
    texts = [text(image) for image in images]
    np.testing.assert_array_equal(parse_pixels_fast(texts), images)
    np.testing.assert_array_equal([parse_pixels(one) for one in texts], images)


words = st.one_of(
    st.integers(0, 1300).map(str),
    st.sampled_from(["", "007", "0255", "-1", "1.5", "x", "25 5", "1\t2", "2\x00", "²"]),
)


@given(st.dictionaries(st.integers(0, PIXELS - 1), words, min_size=1, max_size=3))
def test_the_fast_parser_takes_nothing_that_the_exact_one_refuses(changes):
    numbers = ["17"] * PIXELS
    for place, word in changes.items():
        numbers[place] = word
    one = " ".join(numbers).encode()
    fast = parse_pixels_fast([one])
    if fast is not None:
        np.testing.assert_array_equal(fast[0], parse_pixels(one))


def test_a_pixel_too_many_does_not_make_up_for_one_too_few():
    image = faces(1)[0]
    long, short = text(image) + b" 1", text(image).rsplit(b" ", 1)[0]
    assert parse_pixels_fast([long, short]) is None
    assert parse_pixels_fast([short, long]) is None


def test_rows_come_out_with_pixels_labels_splits_and_lines(small_csv):
    data = prepare(small_csv)
    np.testing.assert_array_equal(data.images, faces(9))
    assert data.labels.tolist() == [0, 1, 2, 3, 4, 5, 6, 0, 1]
    assert data.split.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert data.names[[0, 8]].tolist() == ["fer2013.csv:2", "fer2013.csv:10"]
    assert data.label_names == FER2013
    assert not data.synthetic


def test_icml_face_data_holds_the_same_in_another_order(small_csv, write_csv):
    rows = [
        f"{index % 7},{USAGES[index // 3]},{' '.join(map(str, image.ravel()))}"
        for index, image in enumerate(faces(9))
    ]
    icml = write_csv(rows, "icml_face_data.csv", "emotion, Usage, pixels")
    assert prepare(icml).digest == prepare(small_csv).digest


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda content: content.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(lambda content: b"\xef\xbb\xbf" + content, id="byte order mark"),
        pytest.param(lambda content: content.replace(b",", b'","'), id="quoted inside"),
        pytest.param(lambda content: content + b"\n\n", id="blank lines at the end"),
        pytest.param(lambda content: content.rstrip(b"\n"), id="no last line end"),
        pytest.param(lambda content: content.replace(b" ", b"  "), id="two blanks"),
    ],
)
def test_spelling_of_the_file_does_not_matter(small_csv, change):
    plain = prepare(small_csv).digest
    small_csv.write_bytes(change(small_csv.read_bytes()))
    assert prepare(small_csv).digest == plain


IMAGE = faces(1)[0]
BROKEN = [
    (row(IMAGE[:47]), "2256 pixels, not 2304"),
    (row(IMAGE).replace(" ", " x", 1), "is not a number 0..255"),
    (row(IMAGE).replace(" ", " -", 1), "is not a number 0..255"),
    (row(IMAGE).replace(",", ",256 ", 1), "pixel '256' is above 255"),
    (row(IMAGE, emotion=7), "emotion is '7', not one of 0..6"),
    (row(IMAGE, emotion="happy"), "emotion is 'happy'"),
    (row(IMAGE, usage="Holdout"), "Usage is 'Holdout'"),
    ("3,1 2 3", "2 columns, not 3"),
]


@pytest.mark.parametrize(("broken", "reason"), BROKEN)
def test_a_broken_row_is_named_with_its_line(small_csv, broken, reason):
    lines = small_csv.read_text().splitlines()
    lines.insert(5, broken)
    small_csv.write_text("\n".join(lines))
    with pytest.raises(InputError, match=rf"fer2013\.csv:6: .*{reason}.*--skip-bad"):
        prepare(small_csv)


def test_skip_bad_leaves_them_out_and_counts_them(small_csv):
    whole = prepare(small_csv)
    lines = small_csv.read_text().splitlines()
    small_csv.write_text("\n".join([*lines[:5], *(broken for broken, _ in BROKEN), *lines[5:]]))
    data = prepare(small_csv, skip_bad=True)
    assert data.digest == whole.digest
    assert data.provenance["left_out"]["count"] == len(BROKEN)
    assert data.provenance["left_out"]["first"][0].startswith("fer2013.csv:6: 2256 pixels")


def test_a_table_without_the_columns_is_refused(write_csv):
    with pytest.raises(InputError, match=r"other\.csv:1: no header with emotion, pixels and Usage"):
        prepare(write_csv([row(IMAGE)], "other.csv", "label,image,Usage"))


def test_a_missing_split_is_named_with_the_way_out(write_csv):
    images = faces(30)
    rows = [row(image, index % 2, "Training") for index, image in enumerate(images[:20])]
    source = write_csv(rows + [row(image, 3, "PrivateTest") for image in images[20:]])
    with pytest.raises(InputError, match=r"has no val split; --val-fraction 0\.1"):
        prepare(source)
    data = prepare(source, val_fraction=0.25, seed=1)
    assert [len(data.only(split)) for split in ("train", "val", "test")] == [16, 4, 10]
    assert prepare(source, val_fraction=0.25, seed=1).digest == data.digest
    assert prepare(source, val_fraction=0.25, seed=2).digest != data.digest


def test_held_out_images_have_no_copy_left_in_train(write_csv):
    images = np.repeat(faces(10), 3, axis=0)
    rows = [row(image, index // 3 % 2, "Training") for index, image in enumerate(images)]
    data = prepare(write_csv([*rows, row(IMAGE, 3, "PrivateTest")]), val_fraction=0.3)
    train, val = ({image.tobytes() for image in data.only(s).images} for s in ("train", "val"))
    assert len(val) == 4
    assert not train & val


@pytest.mark.parametrize("fraction", [0, 1, -0.1])
def test_a_fraction_outside_0_to_1_is_refused(write_csv, fraction):
    with pytest.raises(InputError, match="must lie between 0 and 1"):
        prepare(write_csv([row(IMAGE)]), val_fraction=fraction)


def test_val_fraction_does_not_touch_a_val_split_that_is_there(small_csv):
    with pytest.raises(InputError, match="already has a val split"):
        prepare(small_csv, val_fraction=0.1)
