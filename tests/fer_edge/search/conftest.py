from pathlib import Path

import pytest

RECIPE = """
[model]
name = "mobilenet"
heads = ["fer2013"]
stem = [{ width = 16, stride = 2 }]
stages = [
    { width = 16, repeats = 1, stride = 2, expansion = 1 },
    { width = 32, repeats = 1, stride = 2, expansion = 2 },
]
features = 32

[data]
synthetic_per_class = 20

[train]
epochs = 4
batch = 32
learning_rate = 1e-3
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A recipe of a net that trains in a second."""
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE)
    return path
