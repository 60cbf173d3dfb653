"""Pipeline of the text model: train, calibrate, quantize, evaluate, write the card."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics import accuracy
from device.modalities.text.classifier import TextClassifier
from device.model.stateful import softmax
from device.system.atomic_file import make_folder
from device.system.exclusive_folder import exclusive
from fer_edge.evaluation import decision
from fer_edge.modalities import card
from fer_edge.modalities.run_folder import check_same
from fer_edge.modalities.text import export, net
from fer_edge.modalities.text import train as training
from fer_edge.modalities.text.net import Weights
from fer_edge.modalities.text.read import TextData, Texts
from fer_edge.modalities.text.recipe import TextRecipe

MODEL = "text_int8.tflite"

Report = Callable[[str], None]


def run(data: TextData, recipe: TextRecipe, out: Path, report: Report) -> dict[str, Any]:
    """Train, quantize and evaluate a text model; an interrupted run resumes.

    The epoch, the exponent of the prior and the temperature are chosen on val. Test is evaluated
    once, with the exported file, on the texts with a single label.

    Args:
        data: labeled texts.
        recipe: training recipe.
        out: run folder for the model, its card and the training state.
        report: callback for progress lines.

    Returns:
        The card.

    Raises:
        InputError: the folder belongs to another recipe or data set, or is in use.
    """
    with exclusive(out):
        check_same(out, recipe, digest=data.about["digest"])
        make_folder(out / "train")
        features = recipe.features.ngrams

        def hashed(texts: Texts) -> NDArray[np.int32]:
            return np.stack([features.ids(text) for text in texts.texts])

        report(f"hashing {sum(data.about['texts'].values()):,} texts")
        train, val = data.splits["train"], _single(data.splits["val"])
        train_ids, val_ids = hashed(train), hashed(val)
        weights = training.train(
            recipe, train_ids, train.targets, val_ids, val.single, out / "train", report
        )
        weights, exponent = _adjust(weights, recipe, train, val_ids, val.single)
        chosen = np.random.default_rng(recipe.seed).permutation(len(train_ids))
        export.to_tflite(
            weights,
            out / MODEL,
            labels=data.labels,
            features=features,
            calibration=train_ids[chosen[: recipe.quantize.texts]],
        )
        report("evaluating the file on val and test")
        model = TextClassifier(out / MODEL)
        on_val = np.stack([model.classify(ids) for ids in val_ids])
        test = _single(data.splits["test"])
        on_test = np.stack([model(text) for text in test.texts])
        return card.write(
            out / MODEL,
            name=recipe.name,
            modality="text",
            labels=data.labels,
            model_input={"dtype": "int32", "shape": [1, features.words, features.per_word]},
            recipe=recipe.model_dump(mode="json"),
            data=data.about,
            metrics={
                "accuracy": accuracy.metrics(on_test, test.single, data.labels),
                "val": accuracy.metrics(on_val, val.single, data.labels),
            },
            decision={
                "prior_exponent": exponent,
                "fusion": decision.fusion(on_val, val.single),
                **decision.threshold(on_val, val.single),
            },
        )


def _adjust(
    weights: Weights,
    recipe: TextRecipe,
    train: Texts,
    val_ids: NDArray[np.int32],
    labels: NDArray[np.int64],
) -> tuple[Weights, float]:
    """Fold the exponent and temperature with the best score on val into the weights."""
    prior = train.targets.mean(axis=0).astype(np.float64)
    logits = training.predict(weights, val_ids)
    names = [str(label) for label in range(len(prior))]

    def score(exponent: float) -> float:
        values = softmax(logits - exponent * np.log(prior))
        found = accuracy.metrics(values, labels, names)
        return float(found["top1"] + found["macro_f1"])

    exponent = max(recipe.train.prior_exponents, key=score)
    shifted = softmax(logits - exponent * np.log(prior))
    temperature = float(decision.fusion(shifted, labels)["temperature"])
    return net.scaled(net.adjusted(weights, prior, exponent), temperature), exponent


def _single(texts: Texts) -> Texts:
    """Return the texts with a single label."""
    kept = np.flatnonzero(texts.single >= 0)
    return Texts(tuple(texts.texts[at] for at in kept), texts.targets[kept])
