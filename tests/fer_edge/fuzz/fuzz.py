"""Mutational fuzzing of everything that reads input from elsewhere.

    python tests/fer_edge/fuzz/fuzz.py [TARGET...] [--seconds 60] [--seed 1]

(`make fuzz` does it after the model files.) Valid inputs are changed by bytes, numbers, blocks and
words; a target may raise FerEdgeError with one line and nothing else. Inputs that raise something
else, or take over ten seconds, are written to `corpus/TARGET/`, which `test_corpus.py` replays, and
the exit code is 1. A crash of the interpreter leaves its input in `corpus/TARGET/running`.
"""

import argparse
import contextlib
import hashlib
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from device.errors import FerEdgeError

if __package__:
    from . import targets
else:  # run as a program
    sys.path.insert(0, str(Path(__file__).parent))
    import targets

CORPUS = Path(__file__).with_name("corpus")
SLOW = 10  # seconds after which an input counts as a fault
_WORDS = (
    *(b"", b"0", b"-1", b"1e999", b"nan", b"null", b"[]", b"{}", b"true", b'""', b"\x00"),
    *(b"9" * 40, b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b",", b'"'),
    *(b"[" * 2000, b"A" * 70000, b"7" * 5000),
)
_INTEGERS = (0, 1, 2, 127, 128, 255, 256, 65535, 1 << 31, (1 << 32) - 1)


def change(draw: random.Random, content: bytes) -> bytes:
    """Change an input at one to four places."""
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(content) + 1)
        size = draw.choice((1, 1, 2, 4, 8, draw.randint(0, 64)))
        head, middle, tail = content[:at], content[at : at + size], content[at + size :]
        kind = draw.randrange(7)
        if kind == 0:
            middle = draw.randbytes(len(middle))
        elif kind == 1:
            middle = b""
        elif kind == 2:
            middle = draw.choice(_WORDS)
        elif kind == 3:
            middle += middle * draw.randint(1, 20)
        elif kind == 4:
            size = draw.choice((1, 2, 4))
            order = draw.choice(("little", "big"))
            middle = (draw.choice(_INTEGERS) % (1 << 8 * size)).to_bytes(size, order)
        elif kind == 5:
            tail = b""
        else:
            start = draw.randrange(len(content) + 1)
            middle = content[start : start + draw.randint(0, 200)]
        content = head + middle + tail
    return content


@contextlib.contextmanager
def opened(name: str) -> Iterator[targets.Target]:
    """A target with what it needs."""
    if name == "http":
        with targets.preview() as port:
            yield lambda content, folder: targets.send_http(port, content)
    else:
        yield targets.TARGETS[name]


def fault(target: targets.Target, content: bytes, folder: Path) -> str | None:
    """Run a target; says what is wrong with its end, or None."""
    try:
        target(content, folder)
    except FerEdgeError as error:
        return "several lines" if "\n" in str(error) else None
    except Exception:
        return traceback.format_exc()
    return None


def _kind(said: str) -> str:
    """The place of a fault, by which its repetitions are known."""
    places = [line for line in said.splitlines() if line.startswith("  File ")]
    return places[-1] if places else said


def _alarm(*_: object) -> None:
    raise TimeoutError(f"took more than {SLOW} seconds")


def fuzz(name: str, seconds: float, seed: int) -> int:
    """Fuzz one target for a while; returns the number of faults."""
    draw = random.Random(f"{name} {seed}")
    signal.signal(signal.SIGALRM, _alarm)
    kept, found, count = targets.seeds(name), set(), 0
    until = time.monotonic() + seconds
    running = CORPUS / name / "running"
    running.parent.mkdir(parents=True, exist_ok=True)
    with opened(name) as target:
        while time.monotonic() < until:
            content = change(draw, draw.choice(kept))
            running.write_bytes(content)
            with tempfile.TemporaryDirectory() as folder:
                signal.alarm(SLOW)
                said = fault(target, content, Path(folder))
                signal.alarm(0)
            count += 1
            if said and (kind := _kind(said)) not in found:
                found.add(kind)
                path = running.with_name(hashlib.sha256(content).hexdigest()[:12])
                path.write_bytes(content)
                print(f"{name}: {path}\n{said}", flush=True)
    running.unlink()
    with contextlib.suppress(OSError):
        running.parent.rmdir()
    print(f"{name}: {count:,} inputs, {len(found)} faults", flush=True)
    return len(found)


def main() -> int:
    known = [*targets.TARGETS, "http"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(known))
    parser.add_argument("--seconds", type=float, default=60, help="of all targets together")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    names = given.targets or known
    return 1 if sum(fuzz(name, given.seconds / len(names), given.seed) for name in names) else 0


if __name__ == "__main__":
    sys.exit(main())
