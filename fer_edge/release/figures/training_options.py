"""Fine-tunes one model with each augmentation option, for the table of docs/eval.md.

    python -m fer_edge.release.figures.training_options --data fer2013.npz --out runs/options

Every run starts from the same weights and trains two epochs on the same 8,000 images with the same
seed and schedule; only `[augment]` differs. The float32 files are evaluated on PublicTest: all
images clean, and a sample corrupted. The same command resumes an interrupted run.
"""

import csv
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks.metrics import accuracy
from benchmarks.stats.bootstrap import paired_interval
from device.model.classifier import Classifier
from device.system.atomic_file import replacing
from fer_edge.data import evaluation_faces
from fer_edge.data.dataset import Dataset
from fer_edge.evaluation import corruptions
from fer_edge.pipeline import pipeline
from fer_edge.pipeline.compose import compose
from fer_edge.release.command import one_line
from quantization.verify.mcnemar import mcnemar

NONE = "none"

OPTIONS: dict[str, dict[str, float]] = {
    NONE: {},
    "noise": {"noise": 0.12},
    "low resolution": {"low_resolution": 0.7},
    "occlusion": {"occlusion": 0.5},
    "blur": {"blur": 1.5},
    "light": {"gamma": 0.7, "side_light": 0.4},
    "crop jitter": {"rotation": 25, "shift": 6, "zoom": 0.25},
}
OPTIONS["all but jitter"] = {
    key: value for name in list(OPTIONS)[:-1] for key, value in OPTIONS[name].items()
}
OPTIONS["turned head"] = {"yaw": 40}

RECIPE = """
description = "two short epochs more, to compare options of [augment]"
seed = 1

[data]
limit = 8000

[train]
epochs = 2
batch = 128
learning_rate = 1e-3
warmup_epochs = 0.2
weight_decay = 0.01
label_smoothing = 0.1
ema = 0.99
select = "last"

[export]
precisions = ["float32"]
"""

GROUPS = {
    "light": ("darker", "brighter", "low_contrast", "gamma", "side_light"),
    "noise": ("noise",),
    "blur": ("motion_blur", "defocus_blur"),
    "compression": ("jpeg", "low_resolution"),
    "occlusion": ("dark_glasses", "face_mask", "hand", "hair", "random_patch"),
    "geometry": ("rotation", "shift", "box_scale", "yaw", "pitch"),
}
"""Columns of the table: groups of corruptions that are averaged."""


def train(option: str, start: str, data: Path, out: Path) -> Path:
    """Fine-tune with one option and return the float32 file."""
    folder = out / option.replace(" ", "-")
    recipe = folder / "recipe.toml"
    with replacing(recipe) as partial:
        partial.write_text(RECIPE)
    changes = [f"augment.{key}={value}" for key, value in OPTIONS[option].items()]
    run = compose(str(recipe), [data], folder, overrides=changes, init=start)
    for _ in pipeline.run(run, until="export"):
        pass
    return folder / "export" / "fer2013_float32.tflite"


def score(
    path: Path, faces: Dataset, sample: Dataset
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Evaluate a file.

    Returns:
        Correctness of each clean face, bool [n], and the fraction of correct predictions over the
        five severities by sampled face and corruption, float64 [sample, corruptions].
    """
    classifier = Classifier(path)
    clean = accuracy.predict(classifier, faces.images).argmax(axis=1) == faces.labels
    columns = []
    for name in corruptions.CORRUPTIONS:
        each = [
            accuracy.predict(classifier, corruptions.corrupt(sample.images, name, severity))
            for severity in corruptions.SEVERITIES
        ]
        columns.append(np.mean([one.argmax(axis=1) == sample.labels for one in each], axis=0))
    return clean, np.stack(columns, axis=1)


def rows(scores: dict[str, tuple[NDArray[np.bool_], NDArray[np.float64]]]) -> list[dict[str, Any]]:
    """Return the table: metrics of each option, and paired difference to none with interval."""
    names = list(corruptions.CORRUPTIONS)
    base_clean, base = scores[NONE]
    found = []
    for option, (clean, corrupted) in scores.items():
        mean, before = corrupted.mean(axis=1), base.mean(axis=1)
        low, high = paired_interval(mean - before)
        row = {
            "option": option,
            "clean_n": len(clean),
            "clean_top1": round(float(clean.mean()), 5),
            "clean_p_mid": round(mcnemar(clean, base_clean).p_mid, 4),
            "corrupted_n": len(mean),
            "corrupted_top1": round(float(mean.mean()), 5),
            "difference": round(float((mean - before).mean()), 5),
            "low": round(low, 5),
            "high": round(high, 5),
        }
        for group, members in GROUPS.items():
            row[group] = round(float(corrupted[:, [names.index(m) for m in members]].mean()), 5)
        found.append(row)
    return found


def table(lines: list[dict[str, Any]]) -> str:
    """Format the rows as a Markdown table."""
    header = ["option", "clean", "p", "corrupted", "difference, 95 %", *GROUPS]
    text = [f"| {' | '.join(header)} |", "| --- " * len(header) + "|"]
    for row in lines:
        values = {key: float(value) for key, value in row.items() if key != "option"}
        own = row["option"] == NONE
        low, high = 100 * values["low"], 100 * values["high"]
        difference = "" if own else f"{100 * values['difference']:+.2f} ({low:+.2f} to {high:+.2f})"
        cells = [
            f"{100 * values['clean_top1']:.2f} %",
            "" if own else f"{values['clean_p_mid']:.3f}",
        ]
        cells += [f"{100 * values['corrupted_top1']:.2f} %", difference]
        cells += [f"{100 * values[group]:.1f} %" for group in GROUPS]
        text.append(f"| {row['option']} | {' | '.join(cells)} |")
    return "\n".join(text)


def main(
    data: Annotated[Path, typer.Option(help="FER2013 from `data prepare`.")],
    out: Annotated[Path, typer.Option(help="Folder for the runs.")],
    start: Annotated[str, typer.Option(help="Initial model.")] = "zoo:nano",
    sample: Annotated[int, typer.Option(help="Number of faces to corrupt.")] = 300,
    only: Annotated[str | None, typer.Option(help="Options, as A,B; none is always run.")] = None,
    figures: Annotated[Path, typer.Option(help="Table, as CSV.")] = Path(
        "docs/figures/training-options.csv"
    ),
) -> None:
    """Train, score and write the table."""
    with one_line("training_options"):
        chosen = list(OPTIONS) if only is None else [NONE, *only.split(",")]
        faces = evaluation_faces.load(data, "val")
        some = evaluation_faces.sample(faces, sample)
        scores = {}
        for option in chosen:
            scores[option] = score(train(option, start, data, out), faces, some)
            found = rows(scores)
            with replacing(figures) as partial, partial.open("w", newline="") as stream:
                writer = csv.DictWriter(stream, list(found[0]))
                writer.writeheader()
                writer.writerows(found)
            typer.echo(table(found))


if __name__ == "__main__":
    typer.run(main)
