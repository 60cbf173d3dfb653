"""Initial weights of a training: from a shipped model or another run."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from device.errors import InputError
from device.labels import FER2013, FERPLUS, OCCLUSION
from fer_edge import zoo
from fer_edge.models import Net
from fer_edge.models.blocks import GATE
from fer_edge.models.mobilenet import MobileNet
from fer_edge.models.net import select_heads
from fer_edge.pipeline import kept_channels
from fer_edge.training import weights


@dataclass(frozen=True)
class Initial:
    """A trained net to start from.

    Attributes:
        name: name as the user gave it.
        net: `[model]` section of its recipe.
        labels: labels of each head, in the order of its outputs.
        path: `.npz` file of its weights.
    """

    name: str
    net: Net
    labels: dict[str, tuple[str, ...]]
    path: Path

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the weights file."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    @property
    def section(self) -> dict[str, Any]:
        """The `[model]` section of a recipe that starts from this net, with the head fer2013."""
        return self.net.model_dump(mode="json") | {"heads": ["fer2013"]}

    def model(self, heads: Mapping[str, int]) -> Any:
        """The trained net, for inference.

        Args:
            heads: number of labels of each required head; other heads are removed.

        Raises:
            InputError: the net lacks one of the heads.
        """
        own = {head: len(names) for head, names in self.labels.items()}
        if not dict(heads).items() <= own.items():
            raise InputError(
                f"{self.name} has {_sizes(own)}, and this training needs {_sizes(heads)}: use "
                "another --init"
            )
        net = self.net.build(own, dropout=False)
        weights.load(net, self.path)
        return net if net.output_names == list(heads) else select_heads(net, list(heads))

    def load_into(self, model: Any, labels: dict[str, tuple[str, ...]]) -> None:
        """Load these weights into a model with the same trunk.

        Heads that this net lacks or that have other labels stay random; gates that it lacks pass
        their input unchanged.

        Args:
            model: Keras model built by `net`, with any heads.
            labels: labels of each head of the model.

        Raises:
            InputError: the model is another net.
        """
        source = self.net.build({h: len(names) for h, names in self.labels.items()}, dropout=False)
        weights.load(source, self.path)
        trained = {layer.name: layer.get_weights() for layer in source.layers}
        for layer in model.layers:
            if not layer.weights or labels.get(layer.name, ()) != self.labels.get(layer.name, ()):
                continue
            is_added = GATE in layer.name or layer.name == OCCLUSION
            if is_added and layer.name not in trained:
                continue
            values = trained.get(layer.name, [])
            if [v.shape for v in values] != [tuple(w.shape) for w in layer.weights]:
                raise InputError(
                    f"--init {self.name} is another net than the recipe's [model]: omit the "
                    "recipe, or use one with the same [model]"
                )
            layer.set_weights(values)


def find(name: str) -> Initial:
    """Find the net given as `--init`.

    Args:
        name: `zoo:base`, `zoo:teacher`, or the folder of a run that exported its models.

    Raises:
        InputError: there is no such model or run.
    """
    if name == zoo.TEACHER:
        card = zoo.ZooModel("teacher", zoo.HOME / "teacher").card
        known: dict[str, tuple[str, ...]] = {"fer2013": FER2013, "ferplus": FERPLUS}
        return Initial(name, _net(card["recipe"]["model"]), known, zoo.teacher_weights())
    if name.startswith(zoo.PREFIX):
        shipped = zoo.find(name.removeprefix(zoo.PREFIX))
        net, labels = shipped.card["net"], shipped.card["labels"]
        return Initial(name, _net(net), {h: tuple(v) for h, v in labels.items()}, shipped.weights)
    folder = Path(name)
    try:
        paths = sorted((folder / "export").glob("*.card.json"))
        cards = [json.loads(path.read_text()) for path in paths]
        labels = {card["head"]: tuple(card["labels"]) for card in cards}
        net = cards[0]["recipe"]["model"]
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise InputError(
            f"--init {name}: not zoo:NAME ({', '.join(zoo.MODELS)}) or the folder of a run that "
            "exported its models"
        ) from error
    return Initial(name, narrowed(_net(net), folder), labels, float_weights(folder))


def float_weights(run: Path) -> Path:
    """The weights file of the float net that a finished run exported."""
    later = (run / stage / "weights.npz" for stage in ("adjust", "channels"))
    return next((path for path in later if path.exists()), run / "train" / "weights.npz")


def narrowed(net: Net, run: Path) -> Net:
    """The `[model]` section that builds a finished run's float net without its pruned channels.

    Raises:
        InputError: pruned channels cannot be described by a section of this kind of net.
    """
    kept = run / "channels" / kept_channels.KEPT
    if not kept.exists():
        return net
    if not isinstance(net, MobileNet) or any(
        stage.squeeze or stage.attention != "none" for stage in net.stages
    ):
        raise InputError(
            f"{run} pruned channels; a training can only start from a pruned net that is a "
            "mobilenet without squeeze-and-excite and attention"
        )
    return net.narrowed(kept_channels.load(kept))


def _sizes(heads: Mapping[str, int]) -> str:
    return ", ".join(f"{head} with {size} labels" for head, size in heads.items())


def _net(section: dict[str, Any]) -> Net:
    net: Net = TypeAdapter(Net).validate_python(section)
    return net
