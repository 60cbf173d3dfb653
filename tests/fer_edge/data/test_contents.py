from dataclasses import replace

import numpy as np
import pytest

from device.errors import InputError
from device.labels import FER2013
from fer_edge.data import contents, dataset, synthetic


def test_the_contents_are_those_of_the_whole_file(tmp_path) -> None:
    faces = synthetic.generate(20, seed=1)
    faces.save(tmp_path / "faces.npz")
    found = contents.read(tmp_path / "faces.npz")
    assert found == contents.Contents(
        dataset.load(tmp_path / "faces.npz").digest, FER2013, labeled=True, voted=False
    )
    votes = np.ones_like(faces.votes)
    replace(faces, labels=np.full_like(faces.labels, -1), votes=votes).save(tmp_path / "votes.npz")
    found = contents.read(tmp_path / "votes.npz")
    assert (found.labeled, found.voted) == (False, True)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04torn"])
def test_another_file_is_named(content: bytes, tmp_path) -> None:
    (tmp_path / "other.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"other\.npz"):
        contents.read(tmp_path / "other.npz")
    with pytest.raises(InputError, match="no such file"):
        contents.read(tmp_path / "none.npz")
