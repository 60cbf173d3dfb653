import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import InputError
from fer_edge.data import ferplus, synthetic, turned_head
from fer_edge.data.augment import ALL, Columns, augment, resampling
from fer_edge.recipe import Augment, Phase, Train
from fer_edge.training import history, input_pipeline, optimizers, targets
from fer_edge.training.mixture import LabeledImages, Mixture

EVERYTHING = Augment(
    erasing=1.0,
    gamma=1.0,
    side_light=0.5,
    blur=2.0,
    noise=0.2,
    low_resolution=0.7,
    occlusion=1.0,
    yaw=40,
)
NOTHING = Augment(flip=False, rotation=0, shift=0, zoom=0, brightness=0, contrast=0, erasing=0)


def faces(n: int) -> LabeledImages:
    images = np.random.default_rng(1).integers(0, 256, (n, 48, 48), np.uint8)
    target = np.eye(7, dtype=np.float32)[np.arange(n) % 7]
    return LabeledImages(images, {"fer2013": target}, {})


def epoch(data: LabeledImages, number: int, *, seed: int = 0, change: Augment = EVERYTHING):
    made = input_pipeline.training(
        Mixture(data, 8),
        seed=seed,
        epochs=range(number, number + 1),
        augment=change,
        normalization=(128.0, 128.0),
    )
    (dataset,) = made
    return [(x.numpy(), targets[0].numpy()) for x, targets in dataset]


def test_an_epoch_is_a_function_of_seed_and_number() -> None:
    data = faces(64)
    first, again = epoch(data, 3), epoch(data, 3)
    assert all(np.array_equal(a, b) for a, b in zip(first[0], again[0], strict=True))
    assert not np.array_equal(first[0][0], epoch(data, 4)[0][0])
    assert not np.array_equal(first[0][0], epoch(data, 3, seed=1)[0][0])


def test_an_epoch_shows_every_image_once_with_its_own_target() -> None:
    data = faces(64)
    seen = epoch(data, 0, change=NOTHING)
    pixels = np.concatenate([x for x, _ in seen])[..., 0] * 128 + 128
    shown = np.concatenate([t for _, t in seen])
    order = [int(np.flatnonzero((data.images == p).all((1, 2)))[0]) for p in pixels]
    assert sorted(order) == list(range(64))
    np.testing.assert_array_equal(shown, data.targets["fer2013"][order])


@given(seed=st.integers(0, 2**40))
def test_changed_pixels_stay_pixels(seed: int) -> None:
    pixels = faces(4).images.astype(np.float32)[..., None]
    changed = augment(pixels, np.array([seed, 1]), EVERYTHING).numpy()
    assert changed.shape == pixels.shape
    assert changed.min() >= 0 and changed.max() <= 255


def test_no_change_asked_for_is_no_change() -> None:
    pixels = faces(4).images.astype(np.float32)[..., None]
    np.testing.assert_array_equal(augment(pixels, np.array([1, 1]), NOTHING), pixels)


def test_a_flip_is_a_mirror_image_and_happens_to_half() -> None:
    pixels = faces(200).images.astype(np.float32)[..., None]
    changed = augment(pixels, np.array([1, 1]), NOTHING.model_copy(update={"flip": True})).numpy()
    same = np.isclose(changed, pixels, atol=1e-2).all((1, 2, 3))
    mirrored = np.isclose(changed, pixels[:, :, ::-1], atol=1e-2).all((1, 2, 3))
    assert (same ^ mirrored).all()
    assert 60 < mirrored.sum() < 140


def test_a_shift_moves_the_face_by_no_more_than_asked() -> None:
    pixels = np.zeros((50, 48, 48, 1), np.float32)
    pixels[:, 24, 24] = 255
    changed = augment(pixels, np.array([1, 1]), NOTHING.model_copy(update={"shift": 5.0})).numpy()
    grid = np.indices((48, 48))
    centers = [(grid * image[..., 0]).sum((1, 2)) / image.sum() for image in changed]
    moved = np.abs(np.array(centers) - 24)
    assert moved.max() <= 5.01
    assert moved.max() > 3


def test_blur_leaves_about_half_sharp_and_keeps_the_mean() -> None:
    pixels = faces(100).images.astype(np.float32)[..., None]
    changed = augment(pixels, np.array([1, 1]), NOTHING.model_copy(update={"blur": 1.5})).numpy()
    sharp = np.isclose(changed, pixels, atol=1e-2).all((1, 2, 3))
    assert 30 < sharp.sum() < 70
    blurred = changed[~sharp]
    assert (blurred.std((1, 2, 3)) < pixels[~sharp].std((1, 2, 3))).all()
    np.testing.assert_allclose(blurred.mean((1, 2, 3)), pixels[~sharp].mean((1, 2, 3)), rtol=0.05)


def test_side_light_brightens_one_side_and_darkens_the_other() -> None:
    pixels = np.full((20, 48, 48, 1), 128, np.float32)
    changed = augment(
        pixels, np.array([1, 1]), NOTHING.model_copy(update={"side_light": 0.5})
    ).numpy()
    left, right = changed[:, :, :24].mean((1, 2, 3)), changed[:, :, 24:].mean((1, 2, 3))
    np.testing.assert_allclose(left + right, 256, atol=1)
    assert np.abs(left - right).max() > 30


def test_occlusion_covers_a_part_of_the_asked_share_of_faces_by_one_gray() -> None:
    pixels = faces(200).images.astype(np.float32)[..., None]
    change = NOTHING.model_copy(update={"occlusion": 0.5})
    changed = augment(pixels, np.array([1, 1]), change).numpy()
    differs = (changed != pixels)[..., 0]
    covered = differs.any((1, 2))
    assert 60 < covered.sum() < 140
    shares = differs[covered].mean((1, 2))
    assert shares.min() > 0.005 and shares.max() < 0.6
    for before, after in zip(pixels[covered], changed[covered], strict=True):
        assert len(np.unique(after[after != before])) == 1


@pytest.mark.parametrize("side", [36, 48])
def test_low_resolution_blurs_half_of_the_faces_and_keeps_their_mean(side: int) -> None:
    pixels = faces(100).images.astype(np.float32)[..., None]
    seed, change = np.array([1, 1]), NOTHING.model_copy(update={"low_resolution": 0.75})
    before = augment(pixels, seed, NOTHING, side=side)
    before = before if isinstance(before, np.ndarray) else before.numpy()
    after = augment(pixels, seed, change, side=side).numpy()
    sharp = np.isclose(after, before, atol=1e-2).all((1, 2, 3))
    assert 30 < sharp.sum() < 70
    assert (after[~sharp].std((1, 2, 3)) < before[~sharp].std((1, 2, 3))).all()
    np.testing.assert_allclose(
        after[~sharp].mean((1, 2, 3)), before[~sharp].mean((1, 2, 3)), rtol=0.05
    )


def test_a_turned_head_shows_more_of_one_cheek() -> None:
    ruler = np.tile(np.arange(48, dtype=np.float32), (200, 48, 1))[..., None]
    changed = augment(ruler, np.array([1, 1]), NOTHING.model_copy(update={"yaw": 40})).numpy()
    columns = changed[:, 0, :, 0]  # which column of the face each one shows
    assert (changed == changed[:, :1]).all()  # the cylinder is upright
    assert (np.diff(columns, axis=1) >= 0).all()
    left = columns < 23.5
    assert left.sum(axis=1).min() < 22 and left.sum(axis=1).max() > 26
    assert columns.min() >= 0 and columns.max() <= 47


def test_a_turn_of_nothing_and_its_opposite_are_exact() -> None:
    matrices = turned_head.matrices(most=60)
    middle = len(matrices) // 2
    np.testing.assert_allclose(matrices[middle], np.eye(48), atol=1e-6)
    np.testing.assert_allclose(matrices.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(matrices, matrices[::-1, ::-1, ::-1], atol=1e-5)


@given(side=st.integers(8, 48), least=st.integers(4, 48))
def test_resampling_is_what_opencv_does_to_a_picture(side: int, least: int) -> None:
    least = min(least, side)
    matrices = resampling(side, least)
    np.testing.assert_allclose(matrices.sum(axis=2), 1, atol=1e-5)
    np.testing.assert_array_equal(matrices[-1], np.eye(side))
    face = np.random.default_rng(side).uniform(0, 255, (side, side)).astype(np.float32)
    small = cv2.resize(face, (least, least), interpolation=cv2.INTER_AREA)
    wanted = cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(matrices[0] @ face @ matrices[0].T, wanted, atol=0.01)


@given(
    epochs=st.integers(1, 20),
    warmup=st.floats(0, 3),
    steps=st.integers(1, 30),
    kind=st.sampled_from(["cosine", "constant"]),
)
def test_the_learning_rate_rises_to_its_peak_and_never_leaves_zero_to_peak(
    epochs: int, warmup: float, steps: int, kind: str
) -> None:
    phase = Phase(epochs=epochs, learning_rate=0.1, warmup_epochs=warmup, schedule=kind)
    rates = [optimizers.learning_rate(phase, i, steps) for i in range(epochs * steps)]
    assert all(0 <= rate <= 0.1 + 1e-9 for rate in rates)
    rising = rates[: int(warmup * steps)]
    assert rising == sorted(rising)
    falling = rates[int(warmup * steps) + 1 :]
    assert falling == sorted(falling, reverse=True)


@given(
    parts=st.lists(st.integers(1, 8), min_size=1, max_size=4),
    warmup=st.floats(0, 1),
    steps=st.integers(1, 20),
)
def test_after_a_restart_the_schedule_is_that_of_a_new_training(
    parts: list[int], warmup: float, steps: int
) -> None:
    ends = np.cumsum(parts)

    def phase(epochs: int, restarts: tuple[int, ...] = ()) -> Phase:
        return Phase(epochs=epochs, learning_rate=0.1, warmup_epochs=warmup, restarts=restarts)

    whole = phase(int(ends[-1]), tuple(int(end) for end in ends[:-1]))
    rates = [optimizers.learning_rate(whole, i, steps) for i in range(whole.epochs * steps)]
    single = [
        optimizers.learning_rate(phase(part), i, steps)
        for part in parts
        for i in range(part * steps)
    ]
    assert rates == single


@pytest.mark.parametrize("restarts", [(0,), (3, 2), (2, 2)])
def test_a_restart_comes_after_the_start_and_after_the_one_before(restarts) -> None:
    with pytest.raises(ValueError, match="must be epochs from 1 on"):
        Phase(epochs=5, learning_rate=0.1, restarts=restarts)


def test_a_restart_after_the_end_never_comes() -> None:
    phase = Phase(epochs=5, learning_rate=0.1, restarts=(7,))
    assert optimizers.learning_rate(phase, 49, 10) < 0.001


def test_smoothing_and_class_weights_are_in_the_targets() -> None:
    data = synthetic.generate(20, seed=2).only("train")
    train = Train(epochs=1, learning_rate=0.1, label_smoothing=0.1, class_weights=True)
    made = targets.labeled(data, {"fer2013": 7}, train).targets["fer2013"]
    np.testing.assert_array_equal(made.argmax(1), data.labels)
    assert made.sum() == pytest.approx(len(data), rel=1e-4)
    assert made.min() > 0


def test_an_image_without_label_or_votes_teaches_nothing() -> None:
    from dataclasses import replace

    data = synthetic.generate(20, seed=2).only("val")
    data = replace(data, labels=np.full_like(data.labels, -1))
    train = Train(epochs=1, learning_rate=0.1, label_smoothing=0.1)
    made = targets.labeled(data, {"fer2013": 7, "ferplus": 8}, train).targets
    assert not made["fer2013"].any()
    assert not made["ferplus"].any()
    assert (ferplus.majority(data.votes) == -1).all()


def test_the_share_of_ferplus_moves_the_label_towards_what_the_voters_saw() -> None:
    fer2013 = np.eye(7, dtype=np.float32)[[0, 0, 0]]
    ferplus = np.zeros((3, 8), np.float32)
    ferplus[0, 0] = 1  # neutral
    ferplus[1, 7] = 1  # contempt, which FER2013 has not
    made = targets.with_ferplus({"fer2013": fer2013, "ferplus": ferplus}, 0.25)
    np.testing.assert_allclose(made["fer2013"][0], [0.75, 0, 0, 0, 0, 0, 0.25])
    np.testing.assert_array_equal(made["fer2013"][1:], fer2013[1:])
    np.testing.assert_array_equal(made["ferplus"], ferplus)


def test_the_best_epoch_is_that_of_the_highest_mean_over_the_heads() -> None:
    rows = [
        {"epoch": 1.0, "val_top1_fer2013": 0.5, "val_top1_ferplus": 0.6},
        {"epoch": 2.0, "val_top1_fer2013": 0.7, "val_top1_ferplus": 0.6},
        {"epoch": 3.0, "val_top1_fer2013": 0.6, "val_top1_ferplus": 0.7},
    ]
    assert history.best(rows)["epoch"] == 2
    assert history.best([{"epoch": 1.0}, {"epoch": 2.0}])["epoch"] == 2


def test_the_best_epoch_counts_the_recall_on_further_sets() -> None:
    rows = [
        {"epoch": 1.0, "val_top1_fer2013": 0.70, "val_recall_mine": 0.5},
        {"epoch": 2.0, "val_top1_fer2013": 0.69, "val_recall_mine": 0.7},
    ]
    assert history.best(rows)["epoch"] == 2


def test_a_history_survives_its_file(tmp_path) -> None:
    rows = [{"epoch": 1.0, "loss": 0.5}, {"epoch": 2.0, "loss": 0.25}]
    history.save(rows, tmp_path / "history.csv")
    assert history.load(tmp_path / "history.csv") == rows
    assert history.load(tmp_path / "none.csv") == []


def test_weights_of_another_net_are_refused(tmp_path) -> None:
    from fer_edge import recipe
    from fer_edge.training import weights

    demo, paper = (recipe.load(n).model.build({"fer2013": 7}) for n in ("demo", "paper"))
    weights.save(demo, tmp_path / "demo.npz")
    with pytest.raises(InputError, match="another model"):
        weights.load(paper, tmp_path / "demo.npz")
    (tmp_path / "torn.npz").write_bytes((tmp_path / "demo.npz").read_bytes()[:1000])
    with pytest.raises(InputError, match=r"torn\.npz"):
        weights.load(demo, tmp_path / "torn.npz")


def test_the_parts_of_two_workers_are_the_batches_of_one() -> None:
    data = Mixture(faces(32), 8)

    def epoch_of(columns: Columns) -> list[tuple[np.ndarray, np.ndarray]]:
        (dataset,) = input_pipeline.training(
            data,
            seed=0,
            epochs=range(1),
            augment=EVERYTHING,
            normalization=(128.0, 128.0),
            columns=columns,
        )
        return [(x.numpy(), targets[0].numpy()) for x, targets in dataset]

    whole, *parts = (epoch_of(c) for c in (ALL, Columns(0, 2), Columns(1, 2)))
    for (x, target), *halves in zip(whole, *parts, strict=True):
        for rank, (half, its_target) in enumerate(halves):
            np.testing.assert_allclose(half, x[rank::2], atol=1e-4)
            np.testing.assert_array_equal(its_target, target[rank::2])


def test_no_epoch_waits_for_the_thread_that_autotunes() -> None:
    """It sleeps for up to a minute, and the end of an epoch would wait for it."""
    data = faces(16)
    (shown,) = input_pipeline.training(
        Mixture(data, 8),
        seed=0,
        epochs=range(1),
        augment=NOTHING,
        normalization=(0.0, 1.0),
    )
    evaluated = input_pipeline.evaluation(data, normalization=(0.0, 1.0))
    assert shown.options().autotune.enabled is False
    assert evaluated.options().autotune.enabled is False
