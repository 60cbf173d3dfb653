"""Adjustments folded into the heads equal the same arithmetic on the predictions."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device.errors import InputError
from fer_edge import recipe
from fer_edge.pipeline import adjust, artifacts
from fer_edge.pipeline.adjust import blend, fit_temperature
from fer_edge.pipeline.run import Run

RNG = np.random.default_rng(3)


def head(labels: int) -> list[np.ndarray]:
    return [RNG.normal(size=shape).astype(np.float32) for shape in ((5, labels), (labels,))]


def test_a_blended_head_is_the_geometric_mean_of_both() -> None:
    own, theirs = head(7), head(8)
    features = RNG.normal(size=(4, 5)).astype(np.float32)
    kernel, bias = blend(own, theirs, 0.25)
    made = np.exp(features @ kernel + bias)
    fer2013 = np.exp(features @ own[0] + own[1])
    ferplus = np.exp(features @ theirs[0] + theirs[1])
    # neutral is FER2013's label 6 and FER+'s 0; fear 2 and 6
    for label, column in ((6, 0), (2, 6)):
        expected = fer2013[:, label] ** 0.75 * ferplus[:, column] ** 0.25
        np.testing.assert_allclose(made[:, label], expected, rtol=1e-4)


def test_nothing_blended_is_the_head_itself() -> None:
    own = head(7)
    for made, was in zip(blend(own, head(8), 0.0), own, strict=True):
        np.testing.assert_array_equal(made, was)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_temperature_is_found_again(temperature: float) -> None:
    logits = RNG.normal(size=(20_000, 4)).astype(np.float32) * 2
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    right = (chances.cumsum(axis=1) > RNG.random((20_000, 1))).argmax(axis=1)
    assert fit_temperature(logits * temperature, right) == pytest.approx(temperature, rel=0.05)


def test_a_training_after_it_must_not_undo_it(tiny) -> None:
    with pytest.raises(InputError, match="distill = 1"):
        recipe.load(str(tiny.recipe), ["adjust.prior_exponent=0.5"])


@pytest.mark.slow
def test_the_stage_divides_out_the_prior_and_leaves_the_trunk(
    finished: Run, tmp_path: Path
) -> None:
    section = recipe.Adjust(prior_exponent=1.0, temperature=False)
    chosen = finished.recipe.model_copy(update={"adjust": section})
    run = replace(finished, recipe=chosen, out=tmp_path)
    (tmp_path / "train").mkdir()
    shutil.copy(finished.folder("train") / "weights.npz", tmp_path / "train")
    adjust.adjust(run, run.folder("adjust"), run.recipe.adjust)
    before, after = (
        net.get_weights() for net in (artifacts.trained_model(run), artifacts.float_model(run))
    )
    # Seven classes of one size.
    np.testing.assert_allclose(after[-1] - before[-1], np.log(7), atol=0.05)
    for old, new in zip(before[:-1], after[:-1], strict=True):
        np.testing.assert_array_equal(old, new)
