"""The weight files of a run and the nets built from them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.data import contents
from fer_edge.pipeline import kept_channels
from fer_edge.training import targets, weights
from fer_edge.training.load_tensorflow import load_tensorflow

if TYPE_CHECKING:
    from fer_edge.pipeline.run import Run
    from quantization.normalization import Normalization


def trained_model(run: "Run") -> Any:
    """The float net of the stage `train`, at full width: the teacher of later stages."""
    return net(run, run.folder("train") / "weights.npz")


def followed_model(run: "Run") -> Any:
    """The float net that later stages distill from; with adjusted heads if the recipe has them."""
    return float_model(run) if run.recipe.adjust else trained_model(run)


def float_model(run: "Run") -> Any:
    """The float net that is exported; pruning and quantization start from it."""
    return net(run, float_weights(run), kept=kept(run))


def float_weights(run: "Run") -> Path:
    """The weights file of `float_model`."""
    if run.recipe.adjust:
        return run.folder("adjust") / "weights.npz"
    return unadjusted_weights(run)


def unadjusted_weights(run: "Run") -> Path:
    """The weights file of the float net before its heads are adjusted."""
    return run.folder("channels" if run.recipe.channels else "train") / "weights.npz"


def qat_model(run: "Run", *, load: bool = True) -> Any:
    """The quantization-aware net, initialized from the clustered, pruned or float net.

    Args:
        run: the run.
        load: whether to load the weights of the stage `quantize`.
    """
    from quantization.qat import quantize_aware as qat

    clusters = run.recipe.cluster
    clustered = run.folder("cluster") / "clustered.npz"
    parent = net(run, clustered, kept=kept(run)) if clusters else pruned_model(run)
    model = qat.quantize_aware(
        parent,
        normalization=normalization(run),
        keep_zeros=run.recipe.prune is not None,
        clusters=clusters.clusters if clusters else 0,
    )
    if load:
        weights.load(model, run.folder("quantize") / "weights.npz")
    return model


def normalization(run: "Run") -> "Normalization":
    """The normalization of the net's input."""
    from quantization.normalization import Normalization

    return Normalization(*run.recipe.model.normalization)


def net(run: "Run", path: Path, *, kept: Mapping[str, Sequence[int]] | None = None) -> Any:
    """The run's float net with the weights of a file, without dropout.

    Args:
        run: the run.
        path: weights file.
        kept: channels of each group that the stage `channels` kept; None for all.
    """
    load_tensorflow()
    _restart_layer_names()
    heads = targets.head_sizes(contents.read(run.data), run.recipe)
    model = run.recipe.model.build(heads, dropout=False, seed=run.recipe.seed)
    if kept:
        from quantization.channels import prune as channels

        model = channels.keep(model, kept)
    weights.load(model, path)
    return model


def kept(run: "Run") -> Mapping[str, Sequence[int]] | None:
    """The channels of each group that the stage `channels` kept; None without that stage."""
    return (
        kept_channels.load(run.folder("channels") / kept_channels.KEPT)
        if run.recipe.channels
        else None
    )


def pruned_model(run: "Run") -> Any:
    """The pruned net, or the float net if the recipe does not prune."""
    pruned = run.folder("prune") / "pruned.npz"
    return net(run, pruned, kept=kept(run)) if run.recipe.prune else float_model(run)


def _restart_layer_names() -> None:
    """Restart the numbering of automatic layer names.

    Layer names are stored in the `.tflite` files. Without this they would depend on how many nets
    the process built before, and thus on whether the run was interrupted.
    """
    import tf_keras as keras

    keras.backend.reset_uids()
