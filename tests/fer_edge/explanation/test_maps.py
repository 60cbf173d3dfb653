"""Maps find the pixels that determine a prediction, and depend on the weights of the net."""

import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.data import synthetic
from fer_edge.explanation import maps, scores
from fer_edge.explanation.explain import confident_mistakes, explain

Faces = NDArray[np.uint8]


@pytest.fixture(scope="module")
def face() -> Faces:
    return np.random.default_rng(3).integers(0, 256, (48, 48)).astype(np.uint8)


@pytest.fixture(scope="module")
def corner(face: Faces):
    """A probability that decreases as the lower right corner is changed."""

    def probability(faces: Faces) -> NDArray[np.float32]:
        part = faces[:, 32:, 32:].astype(float) - face[32:, 32:]
        return np.exp(-np.abs(part).mean(axis=(1, 2)) / 40).astype(np.float32)

    return probability


@pytest.mark.parametrize("method", [maps.occlusion, maps.rise])
def test_the_part_that_the_answer_rests_on_stands_out(method, face: Faces, corner) -> None:
    found = method(face, corner)
    assert found.dtype == np.float32 and found.shape == (48, 48)
    assert found.min() == 0 and found.max() == 1
    y, x = np.unravel_index(found.argmax(), found.shape)
    assert y >= 30 and x >= 30
    assert found[36:, 36:].mean() > 3 * found[:24, :24].mean()


def test_rise_with_the_same_seed_gives_the_same_map(face: Faces, corner) -> None:
    same = [maps.rise(face, corner, masks=150, seed=s) for s in (1, 1, 2)]
    assert np.array_equal(same[0], same[1]) and not np.array_equal(same[0], same[2])


def test_an_answer_that_rests_on_nothing_has_an_empty_map(face: Faces) -> None:
    found = maps.occlusion(face, lambda faces: np.full(len(faces), 0.5, np.float32))
    assert not found.any()


def test_the_right_map_scores_better_than_its_reverse(face: Faces, corner) -> None:
    found = maps.occlusion(face, corner)
    assert scores.insertion(face, found, corner) > scores.insertion(face, 1 - found, corner)
    assert scores.deletion(face, found, corner) < scores.deletion(face, 1 - found, corner)


def test_mistakes_come_most_confident_first() -> None:
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6], [0, 1]], np.float32)
    labels = np.array([0, 0, 0, 1, -1])
    assert confident_mistakes(probabilities, labels, 5).tolist() == [1, 2]
    assert confident_mistakes(probabilities, labels, 1).tolist() == [1]


def test_random_weights_give_other_maps() -> None:
    """The sanity check of Adebayo et al. 2018: a map that ignores the weights explains nothing."""
    from fer_edge.explanation.explain import METHODS, Parent
    from fer_edge.pipeline import initial_weights
    from fer_edge.training.load_tensorflow import load_tensorflow

    load_tensorflow()
    import tensorflow as tf

    initial = initial_weights.find("zoo:nano")
    trained = initial.model({"fer2013": 7})
    untrained = initial.net.build({"fer2013": 7}, dropout=False, seed=1)
    shown = synthetic.generate(3, seed=4).images[::7]

    def found(model, one: Faces) -> list[NDArray[np.float32]]:
        def logits(values):
            return model(values, training=False)

        run = tf.function(logits)

        def classify(pixels: Faces) -> NDArray[np.float32]:
            values = (pixels[np.newaxis, :, :, np.newaxis].astype(np.float32) - 128) / 128
            return tf.nn.softmax(run(tf.constant(values)))[0].numpy()

        explained = explain(classify, one, methods=METHODS, parent=Parent(model, (128.0, 128.0)))
        return [m.values for m in explained.maps]

    alike = [
        [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(*both, strict=True)]
        for both in ((found(trained, one), found(untrained, one)) for one in shown)
    ]
    assert np.all(np.nanmean(np.abs(alike), axis=0) < 0.7)
