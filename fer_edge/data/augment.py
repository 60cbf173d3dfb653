"""Random augmentation of training images, seeded per step: a resumed run repeats it."""

from typing import Any

from device.geometry import FACE_SIZE
from fer_edge.recipe import Augment


def augment(pixels: Any, seed: Any, recipe: Augment, *, side: int = FACE_SIZE) -> Any:
    """Augment a batch of images: geometry, then lighting, then random erasing.

    Args:
        pixels: pixels 0..255, float32 `[n, 48, 48, 1]`.
        seed: RNG seed, int64 `[2]`; the same seed gives the same changes.
        recipe: strength of each augmentation.
        side: side of the result in pixels; a seed gives the same changes at every size.

    Returns:
        float32 `[n, side, side, 1]`, 0..255.
    """
    import tensorflow as tf

    n = tf.shape(pixels)[0]

    def uniform(stream: int, low: float, high: float, shape: tuple[int, ...] = ()) -> Any:
        return tf.random.stateless_uniform((n, *shape), seed + stream, low, high)

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
    if recipe.noise:
        deviation = 255.0 * recipe.noise * uniform(14, 0.0, 1.0)[:, None, None, None]
        grain = tf.random.stateless_normal(tf.shape(pixels), seed + 15)
        pixels = tf.clip_by_value(pixels + deviation * grain, 0.0, 255.0)
    if recipe.erasing:
        chosen = uniform(7, 0.0, 1.0) < recipe.erasing
        sides = uniform(8, 0.1, max(recipe.erasing_side, 0.1), (2,)) * side
        center = uniform(9, 0.0, float(side), (2,))
        gray = uniform(10, 0.0, 255.0)
        pixels = _erase(pixels, chosen, sides, center, gray, side)
    return pixels


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


def _erase(pixels: Any, chosen: Any, sides: Any, center: Any, gray: Any, side: int) -> Any:
    """Random erasing (Zhong et al. 2020): a rectangle of one gray value."""
    import tensorflow as tf

    steps = tf.range(side, dtype=tf.float32)[None, :]
    rows = tf.abs(steps - center[:, :1]) * 2 < sides[:, :1]
    columns = tf.abs(steps - center[:, 1:]) * 2 < sides[:, 1:]
    inside = rows[:, :, None, None] & columns[:, None, :, None] & chosen[:, None, None, None]
    return tf.where(inside, gray[:, None, None, None], pixels)
