"""Hashed character and word n-grams; the same code runs in training and on the device.

A text is split into words. Each word becomes a row of bucket ids: of the word, of the bigram with
the previous word, and of its character n-grams between the marks `<` and `>` (Bojanowski et al.
2017, "Enriching word vectors with subword information"). Hashing needs no vocabulary file and
accepts any language and spelling (Weinberger et al. 2009, "Feature hashing for large scale
multitask learning").

The bucket of an n-gram is 1 + CRC-32 (zlib's: polynomial 0xEDB88320, initial value and final xor
0xFFFFFFFF) of its UTF-8 bytes, modulo the number of buckets; 0 is padding.
"""

import re
import unicodedata
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt

MAX_CHARACTERS = 4000
"""Maximum number of characters of a text; longer texts are truncated."""

_LONGEST_WORD = 24  # characters; longer runs (languages without spaces) are split
_TOKEN = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]+")
_REPEATED = re.compile(r"(.)\1{3,}")


@dataclass(frozen=True)
class NGrams:
    """Parameters of the n-gram features.

    Attributes:
        buckets: number of hash buckets; ids run from 1 to this number, 0 is padding.
        words: maximum number of words per text; further words are dropped.
        per_word: maximum number of n-grams per word; further n-grams are dropped.
        shortest: length in characters of the shortest n-gram, including the marks `<` and `>`.
        longest: length in characters of the longest n-gram, including the marks.
    """

    buckets: int
    words: int
    per_word: int
    shortest: int
    longest: int

    def ids(self, text: str) -> npt.NDArray[np.int32]:
        """Hash the n-grams of a text.

        Args:
            text: any text; may be empty.

        Returns:
            int32 [words, per_word], 0 to `buckets`; 0 is padding.
        """
        out = np.zeros((self.words, self.per_word), np.int32)
        before = "<"
        for row, word in zip(out, tokens(text), strict=False):
            found = [self._id(gram) for gram in self._grams(word, before)]
            row[: len(found)] = found
            before = word
        return out

    def _grams(self, word: str, before: str) -> list[str]:
        marked = f"<{word}>"
        grams = [marked, f"{before} {word}"]
        for size in range(self.shortest, min(self.longest, len(marked) - 1) + 1):
            grams += [marked[at : at + size] for at in range(len(marked) - size + 1)]
        return grams[: self.per_word]

    def _id(self, gram: str) -> int:
        return 1 + crc32(gram.encode("utf-8", "replace")) % self.buckets


def tokens(text: str) -> list[str]:
    """Split a text into lowercase words and runs of punctuation or symbols.

    The text is normalized to NFKC. Runs of more than three equal characters are shortened to three.
    """
    text = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).casefold()
    found = _TOKEN.findall(_REPEATED.sub(r"\1\1\1", text))
    return [
        token[at : at + _LONGEST_WORD]
        for token in found
        for at in range(0, len(token), _LONGEST_WORD)
    ]
