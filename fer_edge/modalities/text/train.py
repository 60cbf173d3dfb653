"""Training of the text model: Adam, cosine decay, dropout; resumes after the last full epoch."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from device.system.atomic_file import replacing
from fer_edge.modalities.text import net
from fer_edge.modalities.text.net import Weights
from fer_edge.modalities.text.recipe import TextRecipe

_SHORTEST = 8  # batch widths in words are multiples of this; few widths mean few traces
_BATCH = 512  # batch size for inference
_BETAS = (0.9, 0.999)

Report = Callable[[str], None]


def train(
    recipe: TextRecipe,
    ids: NDArray[np.int32],
    targets: NDArray[np.float32],
    val_ids: NDArray[np.int32],
    val_labels: NDArray[np.int64],
    folder: Path,
    report: Report,
) -> Weights:
    """Train the model, or resume an interrupted training.

    Args:
        recipe: training recipe.
        ids: int32 [n, words, n-grams], training texts.
        targets: float32 [n, labels], target distributions.
        val_ids: int32 [m, words, n-grams].
        val_labels: int64 [m].
        folder: folder for `state.npz`, written after each epoch, and `history.json`.
        report: callback for one line per epoch.

    Returns:
        The weights of the epoch with the lowest loss on val.
    """
    state = _load(folder / "state.npz", recipe, targets.shape[1])
    step = _step(state["weights"], state["moments"])
    lengths = np.maximum((ids[:, :, 0] > 0).sum(axis=1), 1)
    batches = -(-len(ids) // recipe.train.batch_size)
    total = recipe.train.epochs * batches
    while state["epoch"] < recipe.train.epochs:
        begin, loss = time.monotonic(), 0.0
        rng = np.random.default_rng((recipe.seed, state["epoch"]))
        for at, rows in enumerate(_batches(lengths, recipe.train.batch_size, rng)):
            number = state["epoch"] * batches + at
            rate = recipe.train.learning_rate * (1 + np.cos(np.pi * number / total)) / 2
            width = _width(int(lengths[rows].max()), ids.shape[1])
            inputs = _dropped(ids[rows, :width], recipe, rng)
            loss += float(step(*inputs, targets[rows], np.float32(rate), np.float32(number + 1)))
        state["epoch"] += 1
        weights = {name: variable.numpy() for name, variable in state["weights"].items()}
        val_loss = _cross_entropy(predict(weights, val_ids), val_labels)
        state["history"].append({"loss": loss / batches, "val_loss": val_loss})
        if val_loss <= min(row["val_loss"] for row in state["history"]):
            state["best"] = weights
        _save(folder, state)
        report(
            f"epoch {state['epoch']} of {recipe.train.epochs}: loss {loss / batches:.4f}, "
            f"val {val_loss:.4f}, {time.monotonic() - begin:.0f} s"
        )
    best: Weights = state["best"]
    return best


def predict(weights: Weights, ids: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return the logits of the float model, float32 [n, labels], for ids [n, words, n-grams]."""
    import tensorflow as tf

    constants = {name: tf.constant(value) for name, value in weights.items()}
    parts = [
        net.logits(constants, tf.constant(ids[at : at + _BATCH])).numpy()
        for at in range(0, len(ids), _BATCH)
    ]
    return np.concatenate(parts)


def _step(weights: dict[str, Any], moments: dict[str, Any]) -> Any:
    """Return the compiled function of one Adam step (Kingma and Ba 2015)."""
    import tensorflow as tf

    names = sorted(weights)

    @tf.function(reduce_retracing=True)
    def step(ids: Any, words: Any, keep: Any, targets: Any, rate: Any, number: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = net.logits(weights, ids, words=words, keep=keep)
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))
        gradients = tape.gradient(loss, [weights[name] for name in names])
        for name, gradient in zip(names, gradients, strict=True):
            gradient = tf.convert_to_tensor(gradient)
            if name == "table":  # row 0 is padding
                gradient = tf.concat([tf.zeros_like(gradient[:1]), gradient[1:]], axis=0)
            first, second = moments[f"first_{name}"], moments[f"second_{name}"]
            first.assign(_BETAS[0] * first + (1 - _BETAS[0]) * gradient)
            second.assign(_BETAS[1] * second + (1 - _BETAS[1]) * tf.square(gradient))
            mean = first / (1 - tf.pow(_BETAS[0], number))
            deviation = tf.sqrt(second / (1 - tf.pow(_BETAS[1], number)))
            weights[name].assign_sub(rate * mean / (deviation + 1e-7))
        return loss

    return step


def _batches(
    lengths: NDArray[np.int64], size: int, rng: np.random.Generator
) -> Iterator[NDArray[np.intp]]:
    """Yield the row indices of batches of texts of similar length, in random order."""
    order = np.argsort(lengths + rng.uniform(0, 3, len(lengths)), kind="stable")
    starts = np.arange(0, len(order), size)
    for start in rng.permutation(starts):
        yield order[start : start + size]


def _width(longest: int, most: int) -> int:
    """Return the width of a batch in words, a multiple of `_SHORTEST`."""
    return min(most, -(-longest // _SHORTEST) * _SHORTEST)


def _dropped(ids: NDArray[np.int32], recipe: TextRecipe, rng: np.random.Generator) -> Any:
    """Apply dropout; return the ids and the factors of words and features.

    Kept values are scaled up so that expected sums are unchanged.
    """
    settings = recipe.train
    kept = rng.random(ids.shape, np.float32) >= settings.ngram_dropout
    words = rng.random((*ids.shape[:2], 1), np.float32) >= settings.word_dropout
    size = recipe.net.filters + recipe.net.embedding
    features = rng.random((len(ids), size), np.float32) >= settings.dropout
    return (
        ids * kept,
        words.astype(np.float32) / np.float32(1 - settings.ngram_dropout),
        features.astype(np.float32) / np.float32(1 - settings.dropout),
    )


def _cross_entropy(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    z = logits.astype(np.float64)
    z -= z.max(axis=1, keepdims=True)
    chosen = z[np.arange(len(z)), labels]
    return float(np.mean(np.log(np.exp(z).sum(axis=1)) - chosen))


def _load(path: Path, recipe: TextRecipe, labels: int) -> dict[str, Any]:
    """Return the state of the last completed epoch, or the initial state."""
    import tensorflow as tf

    weights = net.initial(recipe, labels)
    stored: dict[str, NDArray[Any]] = {}
    if path.is_file():
        try:
            with np.load(path, allow_pickle=False) as content:
                stored = dict(content)
            history = json.loads(str(stored["history"]))
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise InputError(f"{path} is damaged: delete it to restart the training") from error
    else:
        history = []
    moments = {f"{kind}_{name}": 0 * w for name, w in weights.items() for kind in _KINDS}
    return {
        "epoch": len(history),
        "history": history,
        "weights": {n: tf.Variable(stored.get(f"weights_{n}", w)) for n, w in weights.items()},
        "moments": {n: tf.Variable(stored.get(f"moments_{n}", m)) for n, m in moments.items()},
        "best": {n: stored.get(f"best_{n}", w) for n, w in weights.items()},
    }


_KINDS = ("first", "second")


def _save(folder: Path, state: dict[str, Any]) -> None:
    arrays: dict[str, Any] = {
        f"{part}_{name}": value if isinstance(value, np.ndarray) else value.numpy()
        for part in ("weights", "moments", "best")
        for name, value in state[part].items()
    }
    with replacing(folder / "state.npz") as partial:
        np.savez(partial, history=np.array(json.dumps(state["history"])), **arrays)
    with replacing(folder / "history.json") as partial:
        partial.write_text(json.dumps(state["history"], indent=1) + "\n")
