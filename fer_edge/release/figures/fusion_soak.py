r"""Soak test: runs `fer-edge run` with video, audio and text for minutes and monitors its memory.

    python -m fer_edge.release.figures.fusion_soak --minutes 10 \
        --audio-model runs/audio/audio_int8.tflite

The clip is synthetic: drawn faces, a tone with the rhythm of syllables, and lines of text. Exits
with code 1 if the memory grows, a modality is never used, or the run ends early.
"""

import json
import os
import subprocess
import sys
import time
import wave
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer

from device.errors import CheckFailedError
from device.labels import FER2013
from device.system.atomic_file import make_folder, replacing
from fer_edge.data.synthetic import portrait
from fer_edge.release.command import one_line

FPS = 10
RATE = 16_000
ALLOWED_MIB = 8.0
"""Allowed growth of the resident memory after the warm-up."""

_WARM_UP = 0.2  # fraction of the run in which buffers are allocated
_SECONDS_PER_FACE = 3
_LINES = (
    "I love this, thank you so much!",
    "That makes me so sad.",
    "What? I did not expect that at all!",
    "Go away, I hate this.",
    "The bus leaves at seven.",
)


def make_clip(folder: Path, seconds: int) -> None:
    """Write `clip.avi`, `clip.wav` and `clip.vtt`."""
    make_folder(folder)
    code = cv2.VideoWriter.fourcc(*"MJPG")
    video = cv2.VideoWriter(str(folder / "clip.avi"), code, FPS, (480, 360))
    canvas = np.full((360, 480, 3), 110, np.uint8)
    for number in range(seconds * FPS):
        if number % (_SECONDS_PER_FACE * FPS) == 0:
            shown = number // (_SECONDS_PER_FACE * FPS)
            drawn = portrait(FER2013[shown % 7], seed=1, size=320, index=shown % 5)
            canvas[20:340, 80:400] = drawn[:, :, np.newaxis]
        video.write(np.roll(canvas, number % 8, axis=1))
    video.release()
    with wave.open(str(folder / "clip.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        for second in range(seconds):
            sound.writeframes(_syllables(second).tobytes())
    cues = [
        f"{_stamp(at)} --> {_stamp(at + 3)}\n{_LINES[at // 6 % len(_LINES)]}\n"
        for at in range(0, seconds, 6)
    ]
    (folder / "clip.vtt").write_text("WEBVTT\n\n" + "\n".join(cues))


def _syllables(second: int) -> Any:
    """Return one second of harmonics with four syllables; every fourth second is silent."""
    t = second + np.arange(RATE) / RATE
    pitch = 140 + 20 * np.sin(2 * np.pi * 0.5 * t)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    harmonics = sum(np.sin(n * phase) / n for n in range(1, 12))
    loud = np.maximum(0, np.sin(2 * np.pi * 4 * t)) * (second % 4 != 3)
    noise = np.random.default_rng(second).normal(0, 0.002, RATE)
    return np.clip((0.2 * loud * harmonics + noise) * 32767, -32768, 32767).astype("<i2")


def _stamp(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.000"


def resident(process: int) -> float:
    """Return the resident memory of a process in MiB; 0 after its end."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def watch(command: list[str], step: float) -> tuple[list[float], int]:
    """Run a command and sample its resident memory.

    Returns:
        MiB at each step, and the exit code.
    """
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    samples = []
    try:
        while process.poll() is None:
            time.sleep(step)
            samples.append(resident(process.pid))
    finally:
        process.kill()
    return [value for value in samples if value], process.wait()


def main(
    minutes: Annotated[float, typer.Option(min=0.2, help="Length of the run.")] = 10.0,
    audio_model: Annotated[
        Path | None, typer.Option(help="Speech model; without it the run has no audio.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for clip, lines and report.")] = Path(
        "runs/fusion-soak"
    ),
) -> None:
    """Run the test and write `soak.json`."""
    with one_line("fusion_soak"):
        seconds = round(60 * minutes)
        make_clip(out, seconds)
        lines = out / "lines.jsonl"
        lines.unlink(missing_ok=True)
        command = [sys.executable, "-c", "from fer_edge.cli.app import app; app()", "run"]
        command += [str(out / "clip.avi"), "--text", str(out / "clip.vtt"), "--jsonl", str(lines)]
        names = ["face", "text"]
        if audio_model is not None:
            command += ["--audio", str(out / "clip.wav"), "--audio-model", str(audio_model)]
            names.insert(1, "audio")
        samples, code = watch(command, step=min(5.0, seconds / 40))
        if code:
            raise CheckFailedError(f"the run ended with exit code {code}")
        report = summarize(samples, lines, names) | {"minutes": minutes}
        with replacing(out / "soak.json") as partial:
            partial.write_text(json.dumps(report, indent=1) + "\n")
        typer.echo(json.dumps(report))
        _check(report, seconds)


def summarize(samples: list[float], lines: Path, names: list[str]) -> dict[str, Any]:
    """Return the memory after the warm-up and at the end, and the usage of each modality."""
    steady = samples[int(_WARM_UP * len(samples)) :]
    tenth = max(1, len(steady) // 10)
    counted, frames, dropped = dict.fromkeys(names, 0), 0, 0
    with lines.open(encoding="utf-8") as file:
        for line in file:
            frames += 1
            found = json.loads(line)
            dropped = found["dropped"]
            for name in names:
                counted[name] += found["modalities"][name]["weight"] > 0
    return {
        "frames": frames,
        "dropped": dropped,
        "counted_frames": counted,
        "mib_after_warm_up": round(float(np.mean(steady[:tenth])), 1),
        "mib_at_end": round(float(np.mean(steady[-tenth:])), 1),
    }


def _check(report: dict[str, Any], seconds: int) -> None:
    growth = report["mib_at_end"] - report["mib_after_warm_up"]
    if report["frames"] + report["dropped"] < 0.95 * seconds * FPS:
        raise CheckFailedError(f"the run ended early: {report['frames']} frames")
    silent = [name for name, frames in report["counted_frames"].items() if not frames]
    if silent:
        raise CheckFailedError(f"never used: {', '.join(silent)}")
    if growth > ALLOWED_MIB:
        raise CheckFailedError(f"memory grew by {growth:.1f} MiB")


if __name__ == "__main__":
    typer.run(main)
