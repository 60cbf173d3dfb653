"""`fer-edge adapt`: adapts a trained model to unlabeled faces of its deployment site."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from fer_edge.cli.shared import options
from fer_edge.cli.shared.json_output import SCHEMA_VERSION, print_json
from fer_edge.cli.shared.terminal import echo

if TYPE_CHECKING:
    from fer_edge.adaptation.adapt import Adaptation
    from fer_edge.adaptation.parent import Parent

EXAMPLE = "Example: fer-edge adapt zoo:base --faces door/ --out adapted/"

REPORT = "adapt.json"


def adapt(
    faces: Annotated[
        Path,
        typer.Option(
            help="Folder or archive of images of the site: 48x48 crops, or images with faces.",
        ),
    ],
    source: Annotated[
        str,
        typer.Argument(
            help="zoo:NAME, the folder of a finished run, or a .tflite file of either.",
            metavar="[MODEL]",
        ),
    ] = "zoo:base",
    head: Annotated[
        Literal["fer2013", "ferplus"] | None,
        typer.Option(help="Label set, if MODEL is a folder or zoo:NAME.", show_default="fer2013"),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for the adapted .tflite, its card and adapt.json.")
    ] = Path("adapted"),
    force: options.ForceOption = False,
    seed: Annotated[int, typer.Option(min=0, help="RNG seed.")] = 0,
    detector: options.DetectorOption = options.DetectorName.auto,
    detector_model: options.DetectorModelOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print adapt.json.")] = False,
) -> None:
    """Adapt a model to unlabeled faces: BatchNorm statistics, class priors, self-training.

    Each step is kept only if it helps on a held-out quarter of the faces. If no step helps, only
    adapt.json is written, and the exit code is 0.
    """
    from contextlib import nullcontext

    from device.model import card as device_card
    from device.system.atomic_file import replacing
    from fer_edge.adaptation import parent as parents
    from fer_edge.cli.shared.progress import steps
    from fer_edge.data import unlabeled
    from fer_edge.data.output import refuse_existing
    from fer_edge.data.tree import Tree
    from fer_edge.extras import TRAINING, require

    require("train", TRAINING, "adapt")
    parent = parents.find(source, head)
    path = out / f"{parent.head}_int8.tflite"
    for target in (path, device_card.card_path(path), out / REPORT):
        refuse_existing(target, force=force)
    found = unlabeled.read(
        Tree(faces),
        margin=device_card.margin(parent.file),
        detector=detector.value,
        detector_model=detector_model,
    )
    if found.broken:
        echo(f"{len(found.broken)} images cannot be read, such as {found.broken[0]}", err=True)
    from fer_edge.adaptation.adapt import adapt as adapt_net
    from fer_edge.adaptation.adapt import require_enough
    from fer_edge.adaptation.write import write
    from fer_edge.training.load_tensorflow import load_tensorflow

    require_enough(found.images)
    load_tensorflow()
    calibration = parents.calibration(parent)
    with nullcontext(lambda _: None) if as_json else steps(4) as step:
        adaptation, quantized = adapt_net(
            parent.model(),
            found.images,
            head=parent.head,
            labels=parent.labels,
            normalization=parent.normalization,
            calibration=calibration,
            seed=seed,
            step=step,
        )
        about = {"model": parent.name, "faces": len(found.images), **asdict(adaptation)}
        report: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            **about,
            "adapted": quantized is not None,
            "file": None,
        }
        if quantized is not None:
            step("conversion")
            verified = write(
                quantized, parent, found.images, path,
                adapted=about, decision=_decision(parent, adaptation),
            )  # fmt: skip
            report |= {"file": str(path), "verified": verified}
    with replacing(out / REPORT) as partial:
        partial.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if as_json:
        print_json(report)
    else:
        _show(adaptation, path if quantized is not None else None)
        echo(out / REPORT)


def _decision(parent: "Parent", found: "Adaptation") -> dict[str, Any]:
    """Return the card's entry `decision`: the parent's, with the estimated prior if it was kept."""
    from quantization.tflite import card

    known = dict(card.read(parent.file).get("decision", {}))
    for name in ("data_digest", "answered", "right"):  # measured on the parent
        known.pop(name, None)
    if found.prior is not None and found.prior.gain.kept:
        known["prior"] = found.prior.shares
    return known


def _show(found: "Adaptation", path: Path | None) -> None:
    share = found.statistics.share
    best = max(found.statistics.tried.values(), key=lambda gain: gain.mean)
    echo(
        f"BatchNorm statistics: {'as trained' if share is None else f'{share:.0%} new'} "
        f"(mean confidence {best.mean:+.3f}, 95 % {best.ci95[0]:+.3f} to {best.ci95[1]:+.3f})"
    )
    if found.prior is None:
        echo("class priors: as trained (the model's card has no temperature)")
    else:
        shares = ", ".join(f"{label} {share:.1%}" for label, share in found.prior.shares.items())
        gain = found.prior.gain
        echo(
            f"class priors: {shares if gain.kept else 'as trained'} (log-likelihood "
            f"{gain.mean:+.3f} per face, 95 % {gain.ci95[0]:+.3f} to {gain.ci95[1]:+.3f})"
        )
    if found.self_training is not None:
        gain = found.self_training
        echo(
            f"self-training: {'kept' if gain.kept else 'discarded'} (cross-entropy to the teacher "
            f"{-gain.mean:+.4f}, 95 % {-gain.ci95[1]:+.4f} to {-gain.ci95[0]:+.4f})"
        )
    echo(f"unchanged predictions: {found.agreement:.1%} of {found.held_out} held-out faces")
    if path is None:
        echo("gave up: neither new statistics nor new priors help on the held-out faces")
    else:
        echo(path)
