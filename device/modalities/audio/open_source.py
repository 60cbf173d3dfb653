"""Factory of audio sources."""

from pathlib import Path

from device.errors import InputError
from device.modalities.audio.decoded import Decoded
from device.modalities.audio.microphone import Microphone
from device.modalities.audio.source import AudioSource
from device.modalities.audio.wave_file import WaveFile, is_wave


def open_source(address: str) -> AudioSource:
    """Open an audio source.

    Args:
        address: "mic" (or "mic:NAME", "mic:2": an input device by part of its name or by number),
            the path of an audio or video file, or a URL. Only integer PCM WAV files work without
            the extra `audio`.

    Raises:
        InputError: the source cannot be opened, or needs the extra `audio`.
    """
    if address == "mic" or address.startswith("mic:"):
        return Microphone(address.partition(":")[2])
    if "://" in address:
        return Decoded(address)
    path = Path(address)
    if path.is_dir():
        raise InputError(f"{address} is a folder: use an audio file in it")
    if not path.exists():
        raise InputError(f"{address}: no such audio file (use mic for a microphone)")
    if is_wave(path):
        return WaveFile(path)
    return Decoded(address)
