"""Draws explanations side by side: the face, then its maps as overlays."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.explanation.explain import Explanation
from fer_edge.explanation.maps import Face, Map

Picture = NDArray[np.uint8]

TILE = 192
_CAPTION = 44
_GAP = 8
_INK = (40, 40, 40)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw(explanations: Sequence[Explanation], labels: Sequence[str]) -> Picture:
    """Draw one row per explanation.

    Args:
        explanations: the explanations, at least one.
        labels: class names.

    Returns:
        Image, uint8 [h, w, 3], BGR.
    """
    rows = [_row(one, labels) for one in explanations]
    return np.concatenate(rows, axis=0)


def overlay(face: Face, found: Map, *, side: int = TILE) -> Picture:
    """Draw a map over a face: uint8 [side, side, 3]; red is important, blue is not."""
    gray = cv2.cvtColor(_enlarge(face, side), cv2.COLOR_GRAY2BGR)
    levels = np.rint(255 * np.clip(_enlarge(found, side), 0, 1)).astype(np.uint8)
    heat = cv2.applyColorMap(levels, cv2.COLORMAP_JET)
    return np.asarray(cv2.addWeighted(gray, 0.55, heat, 0.45, 0), np.uint8)


def _row(one: Explanation, labels: Sequence[str]) -> Picture:
    answer = labels[int(one.probabilities.argmax())]
    said = f"{answer} {one.probabilities.max():.0%}"
    below = "" if one.truth is None else f"labeled {labels[one.truth]}"
    if labels[one.target] != answer:
        below = f"maps: {labels[one.target]} {one.probabilities[one.target]:.0%}"
    face = cv2.cvtColor(_enlarge(one.face, TILE), cv2.COLOR_GRAY2BGR)
    tiles = [_tile(np.asarray(face, np.uint8), said, below)]
    for found in one.maps:
        scores = f"ins. {found.insertion:.2f}  del. {found.deletion:.2f}"
        tiles.append(_tile(overlay(one.face, found.values), found.method, scores))
    return np.concatenate(tiles, axis=1)


def _tile(picture: Picture, first: str, second: str) -> Picture:
    tile = np.full((TILE + _CAPTION + _GAP, TILE + _GAP, 3), 255, np.uint8)
    tile[:TILE, :TILE] = picture
    for number, text in enumerate((first, second), start=1):
        place = (2, TILE + 18 * number)
        cv2.putText(tile, text, place, _FONT, 0.45, _INK, 1, cv2.LINE_AA)
    return tile


def _enlarge(values: NDArray[np.generic], side: int) -> NDArray[np.generic]:
    return cv2.resize(values, (side, side), interpolation=cv2.INTER_CUBIC)
