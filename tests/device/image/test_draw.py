"""Labels next to the boxes: readable, and never over a face."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.face import Face
from device.geometry import Box
from device.image.draw import annotate
from device.image.label_placement import place
from device.labels import FERPLUS

WHITE = 250


def face_at(box, track=0):
    probabilities = np.full(len(FERPLUS), 0.02, np.float32)
    probabilities[1] = 0.86
    return Face(box, 0.0, track, FERPLUS, probabilities, FERPLUS[1], 0.86)


def grid(rows, columns, pitch, side):
    """Boxes of an image that is tiled with one portrait."""
    margin = (pitch - side) // 2
    return [
        Box(column * pitch + margin, row * pitch + margin, side, side)
        for row in range(rows)
        for column in range(columns)
    ]


def inside(box, line=8):
    """The interior of a box, without its outline."""
    return slice(box.y + line, box.y + box.h - line), slice(box.x + line, box.x + box.w - line)


@pytest.mark.parametrize("track", [0, 7])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 3), (2, 3), (3, 4)])
def test_faces_close_together_are_neither_covered_nor_darkened(rows, columns, track):
    boxes = grid(rows, columns, 210, 100)
    image = np.full((210 * rows, 210 * columns, 3), WHITE, np.uint8)
    drawn = annotate(image, [face_at(box, track and track + i) for i, box in enumerate(boxes)])
    for box in boxes:
        assert (drawn[inside(box)] == WHITE).all()
    dark = (drawn == WHITE // 3).all(axis=2).sum()
    assert dark > len(boxes) * 300  # each has a label beside it


def test_a_face_with_room_gets_its_whole_distribution_and_a_crowd_gets_labels():
    image = np.full((600, 900, 3), WHITE, np.uint8)

    def darkened(boxes):
        drawn = annotate(image, [face_at(box) for box in boxes])
        return (drawn == WHITE // 3).all(axis=2).sum() / len(boxes)

    assert darkened([Box(400, 200, 120, 120)]) > 5 * darkened(grid(4, 6, 150, 90))


def test_the_picture_stays_as_it_is_and_gray_ones_are_drawn_in_color():
    image = np.full((200, 300), WHITE, np.uint8)
    drawn = annotate(image, [face_at(Box(-20, -30, 90, 90)), face_at(Box(260, 150, 90, 90))])
    assert drawn.shape == (200, 300, 3) and (image == WHITE).all() and (drawn != WHITE).any()
    assert (annotate(image, []) == WHITE).all()


def test_a_face_that_fills_the_picture_is_labeled_inside():
    image = np.full((400, 400, 3), WHITE, np.uint8)
    drawn = annotate(image, [face_at(Box(0, 0, 400, 400))])
    assert (drawn[inside(Box(0, 0, 400, 400))] != WHITE).any()


SIDES = st.integers(1, 120)
BOXES = st.builds(Box, st.integers(-50, 400), st.integers(-50, 300), SIDES, SIDES)


@given(st.lists(BOXES, max_size=6), SIDES, SIDES, st.booleans())
def test_places_that_cost_nothing_cover_nothing(boxes, width, height, beside):
    canvas = (300, 400)
    sizes = [(width, height)] * len(boxes)
    places, covered = place(boxes, sizes, canvas, clearance=0.1, gap=2, beside=beside)
    assert [(p.w, p.h) for p in places] == sizes and covered >= 0
    if covered:
        return
    for index, one in enumerate(places):
        assert one.x >= 0 and one.y >= 0
        assert one.x + one.w <= canvas[1] and one.y + one.h <= canvas[0]
        for other in [*boxes, *places[index + 1 :]]:
            assert (
                one.x + one.w <= other.x
                or other.x + other.w <= one.x
                or one.y + one.h <= other.y
                or other.y + other.h <= one.y
            )
