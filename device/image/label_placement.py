"""Positions for labels next to boxes, so that they cover neither a box nor each other."""

from collections.abc import Iterator, Sequence

from device.geometry import Box


def place(
    boxes: Sequence[Box],
    sizes: Sequence[tuple[int, int]],
    canvas: tuple[int, int],
    *,
    clearance: float,
    gap: int,
    beside: bool,
) -> tuple[list[Box], int]:
    """Choose a position for the label of each box.

    Greedy: the positions around a box are tried in order, and the first one that is inside the
        image
    and covers nothing is chosen; if there is none, the one that covers least.

    Args:
        boxes: all boxes of the image, none of which should be covered.
        sizes: width and height of each box's label in pixels.
        canvas: height and width of the image.
        clearance: free margin around each box, as a fraction of its sides.
        gap: distance of a label from its own box in pixels.
        beside: whether positions to the right and left of a box are tried before those above and
            below.

    Returns:
        The positions, and their cost: the area that they cover of boxes and of each other, and
            twice
        the area outside the image, which is not visible; 0 if all are free.
    """
    taken = [_grown(box, clearance) for box in boxes]
    places, covered = [], 0
    for index, (box, (width, height)) in enumerate(zip(boxes, sizes, strict=True)):
        # The own box has no margin, as its label should be close to it.
        others = [box, *(other for i, other in enumerate(taken) if i != index)]
        best, least = Box(0, 0, width, height), -1
        for candidate in _candidates(box, width, height, canvas, gap, beside):
            cost = 2 * _outside(candidate, canvas) + sum(_overlap(candidate, o) for o in others)
            if least < 0 or cost < least:
                best, least = candidate, cost
            if cost == 0:
                break
        places.append(best)
        taken.append(best)
        covered += least
    return places, covered


def _candidates(
    box: Box, width: int, height: int, canvas: tuple[int, int], gap: int, beside: bool
) -> Iterator[Box]:
    rows, columns = canvas
    if width > columns or height > rows:  # at least its beginning is visible
        yield Box(0, 0, width, height)
        return
    right, left = box.x + box.w + gap, box.x - gap - width
    above, below = box.y - gap - height, box.y + box.h + gap
    tops = (box.y, box.y + (box.h - height) // 2, box.y + box.h - height)
    lefts = (box.x, box.x + (box.w - width) // 2, box.x + box.w - width)
    at_sides = [
        Box(x, max(0, min(y, rows - height)), width, height) for y in tops for x in (right, left)
    ]
    at_ends = [
        Box(max(0, min(x, columns - width)), y, width, height)
        for y in (above, below)
        for x in lefts
    ]
    found = at_sides + at_ends if beside else at_ends + at_sides
    yield from found
    for x, y, *_ in found:  # at least readable if a box leaves no room in the image
        yield Box(max(0, min(x, columns - width)), max(0, min(y, rows - height)), width, height)


def _grown(box: Box, share: float) -> Box:
    across, down = round(box.w * share), round(box.h * share)
    return Box(box.x - across, box.y - down, box.w + 2 * across, box.h + 2 * down)


def _overlap(one: Box, other: Box) -> int:
    width = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    height = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    return max(0, width) * max(0, height)


def _outside(box: Box, canvas: tuple[int, int]) -> int:
    return box.w * box.h - _overlap(box, Box(0, 0, canvas[1], canvas[0]))
