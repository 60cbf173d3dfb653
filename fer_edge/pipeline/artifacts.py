"""Which file of a run holds which net, and the nets built from them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.pipeline import kept_channels
from fer_edge.training import targets, weights
from fer_edge.training.load_tensorflow import load_tensorflow

if TYPE_CHECKING:
    from fer_edge.pipeline.run import Run
    from quantization.normalization import Normalization


def trained_model(run: "Run") -> Any:
    """The float net as the stage `train` left it, of full width: what later stages learn from."""
    return net(run, run.folder("train") / "weights.npz")


def followed_model(run: "Run") -> Any:
    """The float net that later trainings follow: with adjusted heads where the recipe has them."""
    return float_model(run) if run.recipe.adjust else trained_model(run)


def float_model(run: "Run") -> Any:
    """The float net that is exported, and that pruning and int8 start from."""
    return net(run, float_weights(run), kept=kept(run))


def float_weights(run: "Run") -> Path:
    """The file with the weights of `float_model`."""
    if run.recipe.adjust:
        return run.folder("adjust") / "weights.npz"
    return unadjusted_weights(run)


def unadjusted_weights(run: "Run") -> Path:
    """The file with the weights of the float net before its heads are adjusted."""
    return run.folder("channels" if run.recipe.channels else "train") / "weights.npz"


def qat_model(run: "Run", *, load: bool = True) -> Any:
    """The quantization-aware net, warm-started from the clustered, the pruned or the float net.

    Args:
        run: the run.
        load: give it the weights of the stage `quantize`.
    """
    from quantization.qat import quantize_aware as qat

    clusters = run.recipe.cluster
    parent = run.folder("cluster") / "clustered.npz" if clusters else pruned_weights(run)
    model = qat.quantize_aware(
        net(run, parent, kept=kept(run)),
        normalization=scaling(run),
        keep_zeros=run.recipe.prune is not None,
        clusters=clusters.clusters if clusters else 0,
    )
    if load:
        weights.load(model, run.folder("quantize") / "weights.npz")
    return model


def scaling(run: "Run") -> "Normalization":
    """How the run's net wants its pixels."""
    from quantization.normalization import Normalization

    return Normalization(*run.recipe.model.normalization)


def net(run: "Run", path: Path, *, kept: Mapping[str, Sequence[int]] | None = None) -> Any:
    """The run's float net with the weights of a file, without dropout.

    Args:
        run: the run.
        path: of the weights.
        kept: by group the channels that the stage `channels` left; all where it is None.
    """
    load_tensorflow()
    heads = targets.head_sizes(run.training_data.train, run.recipe)
    model = run.recipe.model.build(heads, dropout=False, seed=run.recipe.seed)
    if kept:
        from quantization.channels import prune as channels

        model = channels.keep(model, kept)
    weights.load(model, path)
    return model


def kept(run: "Run") -> Mapping[str, Sequence[int]] | None:
    """What is left of the net's channels, once the stage `channels` is done."""
    return (
        kept_channels.load(run.folder("channels") / kept_channels.KEPT)
        if run.recipe.channels
        else None
    )


def pruned_weights(run: "Run") -> Path:
    """The weights of the pruned net, or of the float net where nothing was pruned."""
    return run.folder("prune") / "pruned.npz" if run.recipe.prune else float_weights(run)
