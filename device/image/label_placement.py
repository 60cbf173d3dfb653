"""Places for labels beside boxes, so that they cover neither a box nor each other."""

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
    """Give each box a place for its label.

    Greedy: the places around a box are tried in turn, and the first is taken that lies in the
    picture and covers nothing; where none is free, the one that covers least.

    Args:
        boxes: all of the picture, none of which may be covered.
        sizes: width and height of each box's label, in pixels.
        canvas: height and width of the picture.
        clearance: what is kept free around each box, as a fraction of its sides.
        gap: distance of a label from its own box, in pixels.
        beside: whether places right and left of a box come before those above and below.

    Returns:
        The places, and what they cost: the area that they cover of boxes and of each other, and
        twice that outside the picture, where nothing is seen; 0 where all are free.
    """
    taken = [_grown(box, clearance) for box in boxes]
    places, covered = [], 0
    for index, (box, (width, height)) in enumerate(zip(boxes, sizes, strict=True)):
        # Its own box counts as it is: a label belongs close to it.
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
    if width > columns or height > rows:  # its beginning at least is seen
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
    for x, y, *_ in found:  # readable at least, where a box leaves no room in the picture
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
