"""Random augmentation of training images, seeded per step: a resumed run repeats it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.geometry import FACE_SIZE
from fer_edge.data import occlusion, turned_head
from fer_edge.recipe import Augment

_LEAST_SIDE = 8
"""Pixels below which low resolution leaves no expression."""

_YAW = 1 << 40
"""Random stream of the yaw: 0 to 15 are taken, and the seeds of two steps are 16 apart."""


@dataclass(frozen=True)
class Columns:
    """The images of a batch that one of several workers takes: every `step`-th from `first` on.

    Attributes:
        first: position of the first image in the batch.
        step: number of workers.
    """

    first: int = 0
    step: int = 1

    def of(self, values: Any, axis: int = 0) -> Any:
        """Those columns of a tensor whose dimension `axis`, 0 or 1, is the batch."""
        if self.step == 1:
            return values
        return values[self.first :: self.step] if axis == 0 else values[:, self.first :: self.step]

    def after(self, before: int) -> "Columns":
        """The same columns, counted without the `before` first ones of the batch."""
        return Columns((self.first - before) % self.step, self.step)


ALL = Columns()
"""The whole batch, for a worker alone."""


def augment(
    pixels: Any, seed: Any, recipe: Augment, *, side: int = FACE_SIZE, columns: Columns = ALL
) -> Any:
    """Augment a batch of images: occlusion, geometry, lighting, sensor, random erasing.

    Args:
        pixels: pixels 0..255, float32 `[n, 48, 48, 1]`.
        seed: RNG seed, int64 `[2]`; the same seed gives the same changes.
        recipe: strength of each augmentation.
        side: side of the result in pixels; a seed gives the same changes at every size.
        columns: where the images stand in the batch that the changes are drawn for; the number of
            images in that batch is a multiple of the number of workers.

    Returns:
        float32 `[n, side, side, 1]`, 0..255.
    """
    import tensorflow as tf

    n = tf.shape(pixels)[0]
    batch = n * columns.step

    def uniform(stream: int, low: float, high: float, shape: tuple[int, ...] = ()) -> Any:
        return _uniform(batch, seed, columns, stream, low, high, shape)

    if recipe.occlusion:  # before the geometry, so that it moves with the face
        pixels = occlusion.cover(pixels, recipe.occlusion, uniform(0, 0.0, 1.0, (occlusion.DRAWS,)))
    if recipe.yaw:
        pixels = _turn(pixels, uniform(_YAW, -recipe.yaw, recipe.yaw), recipe.yaw)
    if recipe.flip or recipe.rotation or recipe.shift or recipe.zoom or side != FACE_SIZE:
        mirror = tf.sign(uniform(1, -1.0, 1.0)) if recipe.flip else tf.ones([n])
        angle = uniform(2, -1.0, 1.0) * (recipe.rotation * 3.141592653589793 / 180)
        scale = uniform(3, 1 - recipe.zoom, 1 + recipe.zoom)
        shift = uniform(4, -recipe.shift, recipe.shift, (2,))
        pixels = _warp(pixels, mirror, angle, scale, shift, side)
    if recipe.brightness or recipe.contrast:
        factor = uniform(5, 1 - recipe.contrast, 1 + recipe.contrast)[:, None, None, None]
        offset = uniform(6, -255.0, 255.0)[:, None, None, None] * recipe.brightness
        mean = tf.reduce_mean(pixels, axis=(1, 2, 3), keepdims=True)
        pixels = tf.clip_by_value((pixels - mean) * factor + mean + offset, 0.0, 255.0)
    if recipe.gamma:
        exponent = 2.0 ** (uniform(11, -1.0, 1.0) * recipe.gamma)[:, None, None, None]
        pixels = 255.0 * (pixels / 255.0) ** exponent
    if recipe.side_light:
        slopes = uniform(12, -255.0, 255.0, (2,)) * recipe.side_light
        pixels = _light(pixels, slopes, side)
    if recipe.blur:
        # Half of the images stay sharp.
        sigma = tf.maximum(uniform(13, -recipe.blur, recipe.blur), 0.0) * (side / FACE_SIZE)
        pixels = _blur(pixels, sigma)
    if recipe.low_resolution:
        pixels = _low_resolution(pixels, uniform(0, 0.0, 1.0, (2,)), recipe.low_resolution, side)
    if recipe.noise:
        deviation = 255.0 * recipe.noise * uniform(14, 0.0, 1.0)[:, None, None, None]
        shape = tf.concat([[batch], tf.shape(pixels)[1:]], axis=0)
        grain = columns.of(tf.random.stateless_normal(shape, seed + 15))
        pixels = tf.clip_by_value(pixels + deviation * grain, 0.0, 255.0)
    if recipe.erasing:
        chosen = uniform(7, 0.0, 1.0) < recipe.erasing
        sides = uniform(8, 0.1, max(recipe.erasing_side, 0.1), (2,)) * side
        center = uniform(9, 0.0, float(side), (2,))
        gray = uniform(10, 0.0, 255.0)
        pixels = _erase(pixels, chosen, sides, center, gray, side)
    return pixels


def hidden_part(count: Any, seed: Any, recipe: Augment, *, columns: Columns = ALL) -> Any:
    """The part of each face that `augment` covers with the same seed.

    Args:
        count: number of images.
        seed: RNG seed, int64 `[2]`.
        recipe: strength of each augmentation.
        columns: as in `augment`.

    Returns:
        Indices into `device.labels.FACE_PARTS`, int32 `[count]`.
    """
    import tensorflow as tf

    batch = count * columns.step
    draws = _uniform(batch, seed, columns, 0, 0.0, 1.0, (occlusion.DRAWS,))
    flipped = tf.zeros([count], tf.bool)
    if recipe.flip:
        flipped = _uniform(batch, seed, columns, 1, -1.0, 1.0, ()) < 0
    return occlusion.hidden_part(recipe.occlusion, draws, flipped)


def _uniform(
    batch: Any,
    seed: Any,
    columns: Columns,
    stream: int,
    low: float,
    high: float,
    shape: tuple[int, ...],
) -> Any:
    """Random numbers of one stream for the images of one worker."""
    import tensorflow as tf

    return columns.of(tf.random.stateless_uniform((batch, *shape), seed + stream, low, high))


def _warp(pixels: Any, mirror: Any, angle: Any, scale: Any, shift: Any, side: int) -> Any:
    """Bilinear resampling about the image center, with mirrored borders."""
    import tensorflow as tf

    cos, sin = tf.cos(angle) / scale, tf.sin(angle) / scale
    center = (FACE_SIZE - 1) / 2
    a, b = mirror * cos, -mirror * sin
    x0 = center - (a + b) * center - (a * shift[:, 0] + b * shift[:, 1])
    y0 = center - (sin + cos) * center - (sin * shift[:, 0] + cos * shift[:, 1])
    # Pixel u of the result is pixel step * u + first of the 48x48 image; pixel centers align.
    step = FACE_SIZE / side
    first = (step - 1) / 2
    x0, y0 = x0 + (a + b) * first, y0 + (sin + cos) * first
    a, b, sin, cos = a * step, b * step, sin * step, cos * step
    zero = tf.zeros_like(a)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=pixels,
        transforms=tf.stack([a, b, x0, sin, cos, y0, zero, zero], axis=1),
        output_shape=[side, side],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )


def _turn(pixels: Any, degrees: Any, most: float) -> Any:
    """Turn heads by angles, float32 `[n]` up to `most`, in steps of `turned_head.STEP` degrees."""
    import tensorflow as tf

    matrices = tf.constant(turned_head.matrices(most))
    number = tf.cast(tf.round(degrees / turned_head.STEP), tf.int32) + len(matrices) // 2
    return tf.linalg.matmul(pixels[..., 0], tf.gather(matrices, number))[..., None]


def _light(pixels: Any, slopes: Any, side: int) -> Any:
    """Add a linear brightness gradient, as from a lamp beside the face."""
    import tensorflow as tf

    steps = tf.linspace(-0.5, 0.5, side)
    rows = slopes[:, :1] * steps[None, :]
    columns = slopes[:, 1:] * steps[None, :]
    gradient = rows[:, :, None, None] + columns[:, None, :, None]
    return tf.clip_by_value(pixels + gradient, 0.0, 255.0)


def _blur(pixels: Any, sigma: Any) -> Any:
    """Gaussian blur with a sigma per image and a kernel radius of three pixels."""
    import tensorflow as tf

    reach = 3
    offsets = tf.range(-reach, reach + 1, dtype=tf.float32)
    kernel = tf.exp(-(offsets[None, :] ** 2) / (2 * tf.maximum(sigma, 1e-3)[:, None] ** 2))
    kernel /= tf.reduce_sum(kernel, axis=1, keepdims=True)
    for axis in (1, 2):
        size = pixels.shape[axis]
        margins = [[0, 0]] * 4
        margins[axis] = [reach, reach]
        padded = tf.pad(pixels, margins, "REFLECT")
        shifted = [
            tf.gather(padded, tf.range(i, i + size), axis=axis) for i in range(2 * reach + 1)
        ]
        pixels = tf.add_n([s * kernel[:, i, None, None, None] for i, s in enumerate(shifted)])
    return pixels


def _low_resolution(pixels: Any, draws: Any, most: float, side: int) -> Any:
    """Shrink half of the images to fewer pixels and scale them back up.

    Args:
        pixels: float32 `[n, side, side, 1]`.
        draws: float32 `[n, 2]`, uniform in 0..1.
        most: largest share of the side that is lost, 0..1.
        side: side of the images.
    """
    import tensorflow as tf

    least = max(round(side * (1 - most)), min(_LEAST_SIDE, side))
    matrices = tf.constant(resampling(side, least))
    number = tf.cast(draws[:, 1] * (side - least), tf.int32)  # the last is the full resolution
    chosen = tf.gather(matrices, tf.where(draws[:, 0] < 0.5, number, side - least))
    squares = tf.linalg.matmul(chosen, pixels[..., 0])
    return tf.linalg.matmul(squares, chosen, transpose_b=True)[..., None]


def resampling(side: int, least: int) -> NDArray[np.float32]:
    """The matrices that shrink a column of pixels (area) and scale it back up (bilinear).

    Args:
        side: number of pixels.
        least: smallest number to shrink to.

    Returns:
        float32 `[side - least + 1, side, side]`, for `least` to `side` pixels; the last is the
        identity. Each row is a weighted mean: it has the sum 1.
    """
    import cv2

    found = []
    for small in range(least, side + 1):
        shrunk = cv2.resize(
            np.eye(side, dtype=np.float32), (side, small), interpolation=cv2.INTER_AREA
        )
        found.append(cv2.resize(shrunk, (side, side), interpolation=cv2.INTER_LINEAR))
    return np.stack(found)


def _erase(pixels: Any, chosen: Any, sides: Any, center: Any, gray: Any, side: int) -> Any:
    """Random erasing (Zhong et al. 2020): a rectangle of one gray value."""
    import tensorflow as tf

    steps = tf.range(side, dtype=tf.float32)[None, :]
    rows = tf.abs(steps - center[:, :1]) * 2 < sides[:, :1]
    columns = tf.abs(steps - center[:, 1:]) * 2 < sides[:, 1:]
    inside = rows[:, :, None, None] & columns[:, None, :, None] & chosen[:, None, None, None]
    return tf.where(inside, gray[:, None, None, None], pixels)
