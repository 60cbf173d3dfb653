"""Disassembly and classification of instructions."""

import re
import subprocess
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from device.errors import CheckFailedError

UNDEFINED = "udf"
"""Text of a word that is not an instruction."""


class Kind(StrEnum):
    """Kind of an instruction, as relevant for the cost of a model."""

    dot_product = "dot_product"
    """Multiplies int8 and sums four products at a time, including int8 matrix multiplication."""
    integer_multiply = "integer_multiply"
    """Vector multiplication of integers."""
    float_multiply = "float_multiply"
    load = "load"
    store = "store"
    other = "other"


_DOT = re.compile(r"(s|u|us|su)(dot|mmla)$")
_INTEGER = re.compile(
    r"([su]mull2?|[su]mlal2?|[su]mlsl2?|mla|mls|mul|pmull?2?|sqr?dmulh|sqrdml[as]h|sqdm(ull|lal|lsl)2?)"
    r"$"
)
_FLOAT = re.compile(
    r"(fmla|fmls|fmul|fmulx|fn?madd|fn?msub|fnmul|fmlal2?|fmlsl2?|bfmla[lb]?t?|bfdot|bfmmla)$"
)


def classify(text: str) -> Kind:
    """Return the kind of an instruction.

    Prefetches and scalar integer multiplications (address computation) are `other`.

    Args:
        text: disassembly, such as "fmla v0.4s, v1.4s, v2.s[0]".
    """
    name, _, operands = text.partition(" ")
    if _DOT.match(name):
        return Kind.dot_product
    if _FLOAT.match(name):
        return Kind.float_multiply
    if _INTEGER.match(name) and operands.startswith(("v", "z", "q", "d", "s", "h")):
        return Kind.integer_multiply
    if name.startswith(("ld", "cas", "swp")):
        return Kind.load
    return Kind.store if name.startswith("st") else Kind.other


class Disassembler:
    """Disassembles instruction words; results are cached.

    Args:
        llvm_mc: command of LLVM's `llvm-mc`.
    """

    def __init__(self, llvm_mc: list[str]) -> None:
        self._command = [*llvm_mc, "--disassemble", "--triple=aarch64", "--mattr=+all"]
        self._known: dict[int, str] = {}

    def __call__(self, words: Iterable[int]) -> dict[int, str]:
        """Return the text of each word.

        Raises:
            CheckFailedError: `llvm-mc` fails.
        """
        wanted = set(words)
        if missing := sorted(wanted - self._known.keys()):
            self._known.update(zip(missing, self._run(missing), strict=True))
        return {word: self._known[word] for word in wanted}

    def _run(self, words: list[int]) -> list[str]:
        lines = "\n".join(
            " ".join(f"{byte:#04x}" for byte in word.to_bytes(4, "little")) for word in words
        )
        done = subprocess.run(
            self._command, input=lines, capture_output=True, text=True, check=False
        )
        found = [
            " ".join(line.split()) for line in done.stdout.splitlines() if line.startswith("\t")
        ]
        texts = iter(line for line in found if not line.startswith("."))
        # A word that is not an instruction gives a warning with its line number and no output.
        unknown = {int(n) for n in re.findall(r"<stdin>:(\d+):\d+: warning", done.stderr)}
        try:
            return [
                UNDEFINED if number in unknown else next(texts)
                for number in range(1, len(words) + 1)
            ]
        except StopIteration:
            reason = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
            raise CheckFailedError(f"{Path(self._command[0]).name} failed: {reason}") from None
