"""Hashed n-grams: the same ids everywhere, within bounds, whatever the text."""

from zlib import crc32

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from device.modalities.text.features import NGrams, tokens

NGRAMS = NGrams(buckets=1000, words=6, per_word=12, shortest=2, longest=4)


def test_words_marks_and_repetitions() -> None:
    assert tokens("I'm SOOOOOO happy!!!!!!! :-)") == ["i'm", "sooo", "happy", "!!!", ":-)"]
    assert tokens("ＡＢＣ ﬁne") == ["abc", "fine"]
    assert tokens(" \n\t") == []


def test_a_long_run_without_spaces_is_cut_into_pieces() -> None:
    assert [len(token) for token in tokens("あ" * 3 + "い" * 3 + "abcdef" * 10)] == [24, 24, 18]


def test_ids_are_crc32_of_word_pair_and_character_n_grams() -> None:
    ids = NGRAMS.ids("no way")
    expected = ["<no>", "< no", "<n", "no", "o>", "<no", "no>"]
    assert ids[0, :7].tolist() == [1 + crc32(gram.encode()) % 1000 for gram in expected]
    assert not ids[0, 7:].any() and not ids[2:].any()
    assert ids[1, 1] == 1 + crc32(b"no way") % 1000


def test_ids_stay_the_same_from_release_to_release() -> None:
    assert NGRAMS.ids("ok")[0, 0] == 680  # 1 + 2,673,523,679 modulo 1,000


@given(st.text())
def test_any_text_gives_ids_within_the_table(text: str) -> None:
    ids = NGRAMS.ids(text)
    assert ids.shape == (6, 12) and ids.dtype == np.int32
    assert ids.min() >= 0 and ids.max() <= 1000


def test_a_text_of_ten_megabytes_is_cut() -> None:
    assert NGRAMS.ids("sad " * 2_500_000).shape == (6, 12)
