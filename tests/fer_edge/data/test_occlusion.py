"""Drawn occlusions and the label of the part that each hides."""

import numpy as np
import pytest

from device.labels import FACE_PARTS
from fer_edge.data import augment, occlusion
from fer_edge.recipe import Augment

STILL = Augment(rotation=0, shift=0, zoom=0, brightness=0, contrast=0, erasing=0, occlusion=0.6)
GRAY = 130.0


@pytest.fixture(scope="module", params=[False, True], ids=["as drawn", "mirrored at random"])
def drawn(request):
    """Gray faces after the augmentation, bool masks of their covered pixels, and the labels."""
    import tensorflow as tf

    recipe = STILL.model_copy(update={"flip": request.param})
    seed = tf.constant([5, 16], tf.int64)
    plain = tf.fill([600, 48, 48, 1], GRAY)
    changed = augment.augment(plain, seed, recipe).numpy()[..., 0]
    labels = augment.hidden_part(600, seed, recipe).numpy()
    return np.abs(changed - GRAY) > 1, labels


def test_a_face_is_labeled_as_covered_if_it_is(drawn):
    masks, labels = drawn
    covered = masks.any(axis=(1, 2))
    # A cover of the gray value of the face cannot be seen, which is rare.
    assert not covered[labels == 0].any()
    assert covered[labels > 0].mean() > 0.97
    assert np.isclose((labels > 0).mean(), STILL.occlusion, atol=0.06)


@pytest.mark.parametrize("part", FACE_PARTS[1:])
def test_the_label_says_where_the_covered_pixels_are(drawn, part):
    masks, labels = drawn
    chosen = masks[(labels == FACE_PARTS.index(part)) & masks.any(axis=(1, 2))]
    assert len(chosen) > 30
    down, across = np.transpose([(np.argwhere(mask).mean(axis=0) + 0.5) / 48 for mask in chosen])
    assert {
        "upper": down < 0.5,
        "lower": down > 0.5,
        "left": across < 0.5,
        "right": across > 0.5,
    }[part].all()


def test_workers_label_their_own_images(drawn):
    import tensorflow as tf

    seed = tf.constant([5, 16], tf.int64)
    whole = augment.hidden_part(600, seed, STILL).numpy()
    for first in (0, 1):
        own = augment.hidden_part(300, seed, STILL, columns=augment.Columns(first, 2)).numpy()
        np.testing.assert_array_equal(own, whole[first::2])


def test_without_probability_nothing_is_covered():
    import tensorflow as tf

    draws = np.random.default_rng(1).random((50, occlusion.DRAWS)).astype(np.float32)
    assert not occlusion.hidden_part(0.0, draws, tf.zeros([50], tf.bool)).numpy().any()
