"""Synthetic faces: reproducible, complete, consistent with their action units, and learnable."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import InputError
from device.labels import FER2013
from fer_edge.data.dataset import SPLITS, load
from fer_edge.data.synthetic import anatomy, contact_sheet, face, generate, portrait, units
from fer_edge.data.synthetic.person import sample_person, sample_scene

# EMFACS-7 (Friesen & Ekman 1983); FACS (1978) gives anger 23 or 24, surprise 26 or 27.
DEFINING = {
    "happy": {6, 12},
    "sad": {1, 4, 15},
    "surprise": {1, 2, 5},
    "fear": {1, 2, 4, 5, 20},
    "angry": {4, 7, 23},
    "disgust": {9, 15},
    "neutral": set(),
}


@pytest.fixture(scope="module")
def faces():
    return generate(60, seed=3)


def posed(**intensities: float) -> list[float]:
    """Action units by name, `au12=1.0`; all others at rest."""
    au = [0.0] * (max(units.NAMES) + 1)
    for name, value in intensities.items():
        au[int(name.removeprefix("au"))] = value
    return au


@pytest.fixture
def person():
    return sample_person(np.random.default_rng(0))


class TestActionUnits:
    def test_every_expression_has_prototypes_of_known_units(self):
        assert set(units.PROTOTYPES) == set(FER2013)
        for variants in units.PROTOTYPES.values():
            for unit in (unit for variant in variants for unit in variant):
                assert unit.number in units.NAMES
                assert 0 < unit.chance <= 1
                assert 0 < unit.strength <= 1

    @pytest.mark.parametrize("expression", FER2013)
    def test_each_variant_always_has_the_units_that_define_the_expression(self, expression):
        for variant in units.PROTOTYPES[expression]:
            always = {unit.number for unit in variant if unit.chance == 1}
            assert DEFINING[expression] <= always

    def test_surprise_drops_the_jaw(self):
        for variant in units.PROTOTYPES["surprise"]:
            assert {unit.number for unit in variant} & {26, 27}

    @given(st.sampled_from(FER2013), st.integers(0, 2**32))
    def test_intensities_are_shares_and_defining_units_are_strong(self, expression, seed):
        au = units.sample(expression, np.random.default_rng(seed))
        assert all(0 <= value <= 1 for value in au)
        assert all(au[number] > 0.1 for number in DEFINING[expression])
        if expression == "neutral":
            assert max(au) < 0.23


class TestAnatomy:
    def test_lip_corners_rise_in_a_smile_and_sink_in_a_frown(self, person):
        smile = anatomy.mouth(person, posed(au12=1.0)).inner_upper[0, 1]
        rest = anatomy.mouth(person, posed()).inner_upper[0, 1]
        frown = anatomy.mouth(person, posed(au15=1.0)).inner_upper[0, 1]
        assert smile < rest < frown

    def test_brow_units_move_their_own_part_of_the_brow(self, person):
        rest, inner, outer, lowered = (
            anatomy.brow(person, posed(**au))[:9, 1]
            for au in ({}, {"au1": 1.0}, {"au2": 1.0}, {"au4": 1.0})
        )
        assert rest[0] - inner[0] > 0.15 > abs(rest[-1] - inner[-1])
        assert rest[-1] - outer[-1] > 0.15 > abs(rest[0] - outer[0])
        assert lowered[0] - rest[0] > 0.1

    def test_lids_open_and_close(self, person):
        def opening(**au: float) -> float:
            eye = anatomy.eye(person, posed(**au))
            return float((eye.lower - eye.upper)[:, 1].max())

        assert opening(au5=1.0) > opening() > opening(au7=1.0) > opening(au43=1.0) > 0

    def test_the_jaw_opens_the_mouth_and_lengthens_the_face(self, person):
        dropped = posed(au25=1.0, au27=1.0)
        assert anatomy.mouth(person, dropped).gap > anatomy.mouth(person, posed()).gap + 0.3
        lowest = anatomy.head(person, posed())[:, 1].max()
        assert anatomy.head(person, dropped)[:, 1].max() > lowest

    @given(st.integers(0, 2**32))
    def test_people_and_scenes_stay_within_what_can_be_drawn(self, seed):
        rng = np.random.default_rng(seed)
        someone, scene = sample_person(rng), sample_scene(rng)
        assert 0 < someone.skin < 256
        assert 0 <= someone.hair < 256
        assert someone.eye_distance > someone.eye_size
        assert abs(scene.yaw) < 25
        assert np.linalg.norm(scene.light) == pytest.approx(1)


class TestFace:
    @settings(max_examples=25, deadline=None)
    @given(st.sampled_from(FER2013), st.integers(24, 256), st.integers(0, 2**31))
    def test_any_size_gives_a_gray_picture_with_something_on_it(self, expression, size, seed):
        drawn = face(expression, seed=seed, size=size)
        assert drawn.shape == (size, size)
        assert drawn.dtype == np.uint8
        assert drawn.std() > 2

    def test_a_seed_is_the_same_person_at_any_size(self):
        large = face("happy", seed=5, size=192)
        small = face("happy", seed=5, size=96)
        shrunk = cv2.resize(large, (96, 96), interpolation=cv2.INTER_AREA)
        assert np.corrcoef(shrunk.ravel(), small.ravel())[0, 1] > 0.95

    def test_other_seeds_are_other_people(self):
        assert not np.array_equal(face("sad", seed=1), face("sad", seed=2))

    @pytest.mark.parametrize(
        ("expression", "options", "word"),
        [
            ("bored", {"seed": 0}, "surprise"),
            ("sad", {"seed": 0, "size": 8}, "24"),
            ("sad", {"seed": -1}, "seed"),
        ],
    )
    def test_bad_arguments_are_explained(self, expression, options, word):
        for draw in (face, portrait):
            with pytest.raises(InputError, match=word):
                draw(expression, **options)

    def test_a_haar_detector_finds_most_portraits(self):
        cascade = cv2.CascadeClassifier(
            cv2.data.haarcascades + "haarcascade_frontalface_default.xml"
        )
        found = 0
        for expression in FER2013:
            for seed in range(4):
                drawn = portrait(expression, seed=seed, size=256)
                boxes = cascade.detectMultiScale(drawn, 1.1, 5, minSize=(60, 60))
                found += any(
                    abs(x + w / 2 - 128) < 40 and abs(y + h / 2 - 128) < 40 for x, y, w, h in boxes
                )
        assert found > 0.75 * 28


class TestGenerate:
    def test_every_class_stands_in_every_split_in_the_same_share(self, faces):
        for split, share in zip(SPLITS, (0.7, 0.15, 0.15), strict=True):
            counts = np.bincount(faces.only(split).labels, minlength=7)
            assert counts.tolist() == [round(60 * share)] * 7

    def test_the_smallest_set_has_all_splits(self):
        small = generate(3)
        assert {split: set(row.values()) for split, row in small.counts().items()} == {
            split: {1} for split in SPLITS
        }

    def test_no_face_stands_twice(self, faces):
        assert len({image.tobytes() for image in faces.images}) == len(faces)

    def test_it_says_that_it_is_synthetic_and_how_to_make_it_again(self, faces, tmp_path):
        faces.save(tmp_path / "faces.npz")
        loaded = load(tmp_path / "faces.npz")
        assert loaded.synthetic
        origin = loaded.provenance
        assert (origin["kind"], origin["seed"], origin["per_class"]) == ("synthetic", 3, 60)
        assert origin["generator_version"] >= 1
        assert "synthetic" in origin["name"]
        assert not loaded.votes.any()
        assert loaded.label_names == FER2013

    def test_the_same_seed_is_the_same_data_and_another_seed_is_not(self):
        assert generate(4, seed=9).digest == generate(4, seed=9).digest
        assert generate(4, seed=9).digest != generate(4, seed=10).digest

    def test_a_smaller_set_is_the_beginning_of_a_larger_one(self, faces):
        few = generate(5, seed=3)
        for name in ("images", "labels", "split", "names"):
            assert np.array_equal(getattr(few, name), getattr(faces, name)[: len(few)])

    def test_single_faces_are_those_of_the_set(self, faces):
        row = 4 * 7 + FER2013.index("fear")
        assert np.array_equal(faces.images[row], face("fear", seed=3, index=4))

    def test_any_size(self):
        assert generate(3, size=32).images.shape == (21, 32, 32)

    def test_too_few_are_refused(self):
        with pytest.raises(InputError, match="train, val and test"):
            generate(2)

    def test_a_linear_classifier_on_edges_learns_the_expressions(self, faces):
        hog = cv2.HOGDescriptor((48, 48), (16, 16), (8, 8), (8, 8), 9)

        def features(*splits: str) -> tuple[np.ndarray, np.ndarray]:
            chosen = faces.only(*splits)
            edges = np.stack([hog.compute(image).ravel() for image in chosen.images])
            return np.hstack([edges, np.ones((len(edges), 1))]), chosen.labels

        x, labels = features("train")
        ridge = x.T @ x + 1.0 * np.eye(x.shape[1])
        weights = np.linalg.solve(ridge, x.T @ np.eye(7)[labels])
        x, labels = features("val", "test")
        assert np.mean((x @ weights).argmax(axis=1) == labels) > 0.5


class TestContactSheet:
    def test_it_is_a_png_with_a_row_for_each_expression(self, tmp_path):
        path = tmp_path / "sheet.png"
        contact_sheet(path, per_class=5, size=48, seed=1)
        sheet = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert sheet.shape[0] > 7 * 48
        assert list(tmp_path.iterdir()) == [path]

    def test_it_shows_the_faces_of_the_set(self, tmp_path):
        contact_sheet(tmp_path / "sheet.png", per_class=1, size=48, seed=1)
        sheet = cv2.imread(str(tmp_path / "sheet.png"), cv2.IMREAD_GRAYSCALE)
        difference = cv2.matchTemplate(sheet, face("happy", seed=1), cv2.TM_SQDIFF)
        assert difference.min() == 0

    def test_bad_arguments_are_explained_and_leave_nothing(self, tmp_path):
        with pytest.raises(InputError):
            contact_sheet(tmp_path / "sheet.png", per_class=0)
        with pytest.raises(InputError):
            contact_sheet(tmp_path / "sheet.png", size=2)
        assert list(tmp_path.iterdir()) == []
