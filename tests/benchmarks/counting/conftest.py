import struct

import pytest

from benchmarks.counting import kit
from benchmarks.counting.recording import STAGES


@pytest.fixture(scope="session")
def installed():
    """The installed kit; tests that need it are skipped without it."""
    if not kit.is_installed():
        pytest.skip("needs `fer-edge fetch arm`")
    return kit.find()


@pytest.fixture
def recorded(tmp_path):
    """Write a recording in the format of the plugin."""

    def recorded(blocks, *, threads=1, lines=(0, 3, 5)):
        content = struct.pack("=QQ", threads, STAGES)
        for stage in range(STAGES):
            touched = lines[stage] if stage < len(lines) else 0
            content += struct.pack("=QQQ", 100 * stage, 10 * stage, touched)
        for words, executions in blocks:
            counts = (*executions, *[0] * (STAGES - len(executions)))
            content += struct.pack(f"=Q{STAGES}Q{len(words)}I", len(words), *counts, *words)
        path = tmp_path / "recorded.bin"
        path.write_bytes(content)
        return path

    return recorded
