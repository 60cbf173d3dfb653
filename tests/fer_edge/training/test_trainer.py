"""The training loop on a net of one layer: divergence, damaged checkpoints, progress."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.errors import CheckFailedError, InputError
from fer_edge.recipe import Augment, Phase
from fer_edge.training import history, trainer
from fer_edge.training.job import Hooks, Job
from fer_edge.training.load_tensorflow import load_tensorflow
from fer_edge.training.mixture import LabeledImages, Mixture

NOTHING = Augment(flip=False, rotation=0, shift=0, zoom=0, brightness=0, contrast=0, erasing=0)


def net() -> Any:
    load_tensorflow()
    import tf_keras as keras

    keras.utils.set_random_seed(1)
    pixels = keras.Input((48, 48, 1))
    mean = keras.layers.GlobalAveragePooling2D()(pixels)
    return keras.Model(pixels, keras.layers.Dense(7, name="fer2013")(mean))


def job(out: Path, epochs: int = 3) -> Job:
    images = np.random.default_rng(1).integers(0, 256, (32, 48, 48), np.uint8)
    labels = (np.arange(32) % 7).astype(np.int16)
    data = LabeledImages(
        images, {"fer2013": np.eye(7, dtype=np.float32)[labels]}, {"fer2013": labels}
    )
    return Job(
        phase=Phase(epochs=epochs, learning_rate=0.01, optimizer="sgd"),
        train=Mixture(data, 16),
        val=data,
        seed=1,
        augment=NOTHING,
        normalization=(128.0, 128.0),
        out=out,
        title="train tiny",
    )


def weights(path: Path) -> list[np.ndarray]:
    with np.load(path / "weights.npz") as file:
        return [file[name] for name in file.files]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed")
    trainer.fit(net(), job(out))
    return out


def test_a_diverged_training_stops_with_epoch_and_step_and_keeps_the_epoch_before(
    tmp_path: Path, undisturbed: Path
) -> None:
    model = net()

    def ruin(step: int) -> None:
        if step == 3:  # the second step of the second epoch
            model.set_weights([np.full_like(w, np.nan) for w in model.get_weights()])

    with pytest.raises(CheckFailedError, match="loss is nan in epoch 2, step 2 of 2") as stopped:
        trainer.fit(model, replace(job(tmp_path), hooks=Hooks(before_step=ruin)))
    assert "train tiny diverged" in str(stopped.value)
    assert [row["epoch"] for row in history.load(tmp_path / "history.csv")] == [1]
    # The checkpoint is good: without the cause the training ends as if nothing had been.
    trainer.fit(net(), job(tmp_path))
    for kept, wanted in zip(weights(tmp_path), weights(undisturbed), strict=True):
        np.testing.assert_array_equal(kept, wanted)


def test_weights_ruined_by_the_last_step_of_an_epoch_never_get_into_a_checkpoint(
    tmp_path: Path,
) -> None:
    model = net()

    def ruin(_: int) -> None:
        model.set_weights([np.full_like(w, np.inf) for w in model.get_weights()])

    with pytest.raises(CheckFailedError, match="weights are not finite after epoch 1"):
        trainer.fit(model, replace(job(tmp_path), hooks=Hooks(after_epoch=ruin)))
    assert not list(tmp_path.glob("checkpoints/*"))
    assert not (tmp_path / "weights.npz").exists()


def damaged(out: Path, how: str) -> None:
    """Damage the newest checkpoint of a training, as a power failure may."""
    newest = max(out.glob("checkpoints/ckpt-*.data-*"), key=lambda path: path.name)
    if how == "cut data":
        newest.write_bytes(newest.read_bytes()[:100])
    elif how == "empty data":
        newest.write_bytes(b"")
    elif how == "no data":
        newest.unlink()
    elif how == "empty index":
        newest.with_name(newest.name.split(".")[0] + ".index").write_bytes(b"")
    elif how == "empty list":
        (out / "checkpoints" / "checkpoint").write_bytes(b"")
    elif how == "torn list":
        (out / "checkpoints" / "checkpoint").write_bytes(b"model_chec")


@pytest.mark.parametrize(
    "how", ["cut data", "empty data", "no data", "empty index", "empty list", "torn list"]
)
def test_a_damaged_checkpoint_costs_an_epoch_and_changes_nothing(
    how: str, tmp_path: Path, undisturbed: Path
) -> None:
    class Killed(Exception):
        pass

    def kill(epoch: int) -> bool:
        if epoch == 2:
            raise Killed
        return False

    with pytest.raises(Killed):
        trainer.fit(net(), replace(job(tmp_path), hooks=Hooks(before_epoch=kill)))
    damaged(tmp_path, how)
    trainer.fit(net(), job(tmp_path))
    assert [row["epoch"] for row in history.load(tmp_path / "history.csv")] == [1, 2, 3]
    for kept, wanted in zip(weights(tmp_path), weights(undisturbed), strict=True):
        np.testing.assert_array_equal(kept, wanted)


def test_checkpoints_that_are_all_damaged_are_named(tmp_path: Path) -> None:
    trainer.fit(net(), job(tmp_path, epochs=1))
    for path in tmp_path.glob("checkpoints/ckpt-*.data-*"):
        path.write_bytes(b"")
    with pytest.raises(InputError, match="no checkpoint can be read") as refused:
        trainer.fit(net(), job(tmp_path, epochs=1))
    assert str(tmp_path) in str(refused.value)


def test_a_finished_training_without_its_weights_is_named(tmp_path: Path) -> None:
    trainer.fit(net(), job(tmp_path, epochs=1))
    (tmp_path / "weights.npz").unlink()
    with pytest.raises(InputError, match=r"weights\.npz is missing"):
        trainer.fit(net(), job(tmp_path, epochs=1))


def test_without_a_terminal_each_epoch_is_a_line_with_the_time_left(tmp_path: Path, capsys) -> None:
    trainer.fit(net(), job(tmp_path))
    lines = [line for line in capsys.readouterr().err.splitlines() if "train tiny" in line]
    assert [line.split(",")[0] for line in lines] == [
        f"train tiny: epoch {epoch}/3" for epoch in (1, 2, 3)
    ]
    assert all("loss" in line and line.endswith(" left") for line in lines)
    assert lines[-1].endswith("0 s left")


def test_the_weight_of_a_head_counts_for_labels_and_for_a_teacher_alike(tmp_path: Path) -> None:
    def trained(name: str, rate: float, weight: float, share: float) -> list[np.ndarray]:
        phase = Phase(epochs=1, learning_rate=rate, optimizer="sgd", distill=share)
        chosen = replace(job(tmp_path / name), phase=phase, teacher=net())
        trainer.fit(net(), replace(chosen, head_weights={"fer2013": weight}))
        return weights(tmp_path / name)

    for share in (0.0, 0.7):
        double = trained(f"double{share}", 0.01, 2.0, share)
        fast = trained(f"fast{share}", 0.02, 1.0, share)
        for one, other in zip(double, fast, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)
