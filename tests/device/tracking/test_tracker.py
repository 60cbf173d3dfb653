"""Track numbers stay with their faces and are unique."""

from hypothesis import given, settings
from hypothesis import strategies as st

from device.face import Face
from device.geometry import Box
from device.tracking.tracker import Tracker, distance

boxes = st.builds(
    Box, st.integers(-50, 700), st.integers(-50, 500), st.integers(1, 300), st.integers(1, 300)
)
detections = st.lists(boxes.map(Face), max_size=8)
moves = st.tuples(st.integers(-15, 15), st.integers(-15, 15), st.integers(-5, 5))


def ids(tracker):
    return [track.face.track for track in tracker.tracks if track.found]


@given(st.lists(detections, max_size=6))
def test_every_face_has_an_id_of_its_own(frames):
    tracker = Tracker()
    ever = 0
    for number, found in enumerate(frames):
        tracker.update(found, number / 10)
        seen = [track for track in tracker.tracks if track.found]
        everybody = [track.face.track for track in tracker.tracks]
        assert len(set(everybody)) == len(everybody)
        assert sorted((track.face.box, track.face.roll) for track in seen) == sorted(
            (face.box, face.roll) for face in found
        )
        new = set(everybody) - set(range(1, ever + 1))
        assert new == set(range(ever + 1, ever + 1 + len(new)))
        ever += len(new)


@settings(max_examples=60)
@given(data=st.data(), faces=st.integers(1, 6), frames=st.integers(1, 12))
def test_ids_stay_under_small_motion_whatever_the_order(data, faces, frames):
    places = [Box(150 * face, 40 * (face % 2), 100, 100) for face in range(faces)]
    tracker = Tracker()
    tracker.update([Face(box) for box in places], 0.0)
    owners = {track.face.track: places.index(track.face.box) for track in tracker.tracks}
    for frame in range(1, frames):
        for face, box in enumerate(places):
            across, down, growth = data.draw(moves)
            # Nobody leaves the space of 150 pixels that is theirs.
            x = min(max(box.x + across, 150 * face - 12), 150 * face + 12)
            side = min(max(box.w + growth, 85), 115)
            places[face] = Box(x, min(max(box.y + down, 0), 80), side, side)
        order = data.draw(st.permutations(range(faces)))
        tracker.update([Face(places[face]) for face in order], frame / 30)
        assert {
            track.face.track: places.index(track.face.box) for track in tracker.tracks
        } == owners


@given(boxes, boxes)
def test_distance_is_the_same_both_ways_and_nothing_to_oneself(one, other):
    assert distance(one, other) == distance(other, one)
    assert distance(one, one) == 0


def test_a_face_that_is_missed_for_a_moment_keeps_its_id():
    tracker = Tracker(max_age=1.0)
    face = [Face(Box(10, 10, 80, 80))]
    tracker.update(face, 0.0)
    tracker.update([], 0.5)
    assert ids(tracker) == [] and len(tracker.tracks) == 1
    tracker.update(face, 0.9)
    assert ids(tracker) == [1]


def test_a_face_that_is_gone_for_long_comes_back_as_another():
    tracker = Tracker(max_age=1.0)
    face = [Face(Box(10, 10, 80, 80))]
    tracker.update(face, 0.0)
    tracker.update([], 1.1)
    assert tracker.tracks == []
    tracker.update(face, 1.2)
    assert ids(tracker) == [2]


def test_rare_detections_lose_nobody():
    tracker = Tracker(max_age=1.0)
    for second in (0.0, 5.0, 10.0):
        tracker.update([Face(Box(10, 10, 80, 80))], second)
    assert ids(tracker) == [1]


def test_a_jump_and_another_size_are_another_face():
    tracker = Tracker()
    tracker.update([Face(Box(0, 0, 80, 80))], 0.0)
    tracker.update([Face(Box(200, 0, 80, 80))], 0.1)
    assert ids(tracker) == [2]
    tracker.update([Face(Box(160, -40, 160, 160))], 0.2)
    assert ids(tracker) == [3]


def test_ids_are_not_given_again_after_all_is_forgotten():
    tracker = Tracker()
    tracker.update([Face(Box(0, 0, 80, 80))], 0.0)
    tracker.clear()
    tracker.update([Face(Box(0, 0, 80, 80))], 0.1)
    assert ids(tracker) == [2]
