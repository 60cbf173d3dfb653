import cv2
import numpy as np
import pytest

from benchmarks.probes import camera_frame
from device.errors import InputError

from ..conftest import write_film


def test_the_stages_of_a_video_that_is_played_again(film, model_files):
    threads = cv2.getNumThreads()
    block = camera_frame.measure(film, model_files["int8"], frames=7)
    assert {**block, "stages": None} == {
        "kind": "measured",
        "video": "film.avi",
        "frames": 7,
        "model": "fer2013_int8.tflite",
        "detector": "haar",
        "stages": None,
    }
    stages = block["stages"]
    assert tuple(stages) == camera_frame.STAGES
    for stage in stages.values():
        assert 0 < stage["p50_us"] <= stage["p90_us"] <= stage["p99_us"]
    assert stages["whole"]["p50_us"] > stages["detect"]["p50_us"]
    assert cv2.getNumThreads() == threads


def test_a_video_without_a_face_is_named(tmp_path, model_files):
    path = write_film(tmp_path / "empty.avi", np.full((240, 320, 3), 120, np.uint8))
    with pytest.raises(InputError, match=r"empty\.avi.*haar finds no face"):
        camera_frame.measure(path, model_files["int8"], frames=2)


@pytest.mark.parametrize("options", [{"frames": 0}, {"detector": "hog"}])
def test_options_out_of_range(film, model_files, options):
    with pytest.raises(InputError):
        camera_frame.measure(film, model_files["int8"], **options)
