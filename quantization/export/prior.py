"""Folds an exchange of class priors into the last layer of a `.tflite` graph.

Probabilities times factors, normalized, are the softmax of the logits plus the logarithms of the
factors (logit adjustment, Menon et al. 2021): the bias of the last dense layer takes them up, and
the model costs what it did before.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from quantization.export import last_layer


def fold(model: Any, factors: npt.NDArray[np.floating], name: str) -> None:
    """Multiply the probabilities of a model by factors, inside its graph.

    In an int8 file the range of the logits is widened by as much as they move apart, so that none
    of them is cut off; their step grows by the same ratio.

    Args:
        model: `ModelT` of LiteRT's schema, changed in place.
        factors: float [labels], positive; new share over training share of each class.
        name: what messages call the model.

    Raises:
        InputError: the graph does not end in a dense layer with a bias and a softmax.
    """
    instead = "; give --prior to predict, run and serve instead"
    dense = last_layer.find(model, f"{name}: --prior", instead)
    shift = np.log(np.asarray(factors, np.float64))
    dense.set_bias(dense.bias() + shift)
    if dense.is_integer:
        low, high = dense.range
        dense.set_range(low + min(shift.min(), 0.0), high + max(shift.max(), 0.0))
