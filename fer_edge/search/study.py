"""A search for nets: its settings, its study in Optuna's storage, and the results of its trials.

The state of all trials is in the storage, so that several machines can share it and an interrupted
search can be resumed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.trial import FrozenTrial, TrialState

from device.errors import InputError
from fer_edge.data import contents
from fer_edge.models.mobilenet import MobileNet
from fer_edge.recipe import Recipe, Train
from fer_edge.search.budget import Budget
from fer_edge.search.space import Space
from fer_edge.training.load_tensorflow import load_tensorflow

Sampler = Literal["tpe", "random"]
Pruner = Literal["halving", "hyperband", "none"]

ETA = 3
"""Reduction factor: one in three of the nets that reach a rung continues; each rung has three times
the epochs of the previous one."""

REJECTED = "rejected"
"""Trial attribute with the reason why the net was not trained."""

_SETTINGS = "settings"


@dataclass(frozen=True)
class Search:
    """The settings of a search.

    Attributes:
        recipe: recipe whose training is used and whose net is varied.
        data: `.npz` from `fer-edge data prepare`.
        out: folder of trainings, counts and log.
        budgets: cost limits of a net.
        least: smallest fraction of every budget; cheaper nets are not trained.
        epochs: number of epochs of a full training.
        min_epochs: number of epochs before the first rung, at which nets are compared.
        sampler: "tpe", the Tree-structured Parzen Estimator (Bergstra et al. 2011), or "random".
        pruner: pruner that stops unpromising trainings.
        storage: URL of Optuna's storage; None for SQLite in `out`.
        name: name of the study in the storage.
        seed: RNG seed of the sampler.
    """

    recipe: Recipe
    data: Path
    out: Path
    budgets: tuple[Budget, ...]
    least: float = 0.5
    epochs: int = 9
    min_epochs: int = 2
    sampler: Sampler = "tpe"
    pruner: Pruner = "halving"
    storage: str | None = None
    name: str = "search"
    seed: int = 0

    @property
    def settings(self) -> dict[str, Any]:
        """The settings on which the result of a trial depends."""
        return {
            "recipe": self.recipe.settings(exclude={"name", "description"}),
            "data": contents.read(self.data).digest,
            "budgets": {budget.metric: budget.limit for budget in self.budgets},
            "least": self.least,
            "epochs": self.epochs,
        }


def load(search: Search) -> optuna.Study:
    """Open the study of a search, or create it.

    Raises:
        InputError: the storage cannot be used, or holds a different search with that name.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    search.out.mkdir(parents=True, exist_ok=True)
    url = search.storage or f"sqlite:///{search.out.absolute()}/study.db"
    seed = search.seed
    draws = (
        optuna.samplers.RandomSampler(seed=seed)
        if search.sampler == "random"
        else optuna.samplers.TPESampler(seed=seed, multivariate=True, group=False)
    )
    try:
        study = optuna.create_study(
            storage=optuna.storages.RDBStorage(url),
            study_name=search.name,
            sampler=draws,
            pruner=_pruner(search),
            direction="maximize",
            load_if_exists=True,
        )
    except Exception as error:  # SQLAlchemy's errors and those of database drivers
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"--storage {url} cannot be used: {reason}") from error
    known = study.user_attrs.get(_SETTINGS)
    if known is None:
        study.set_user_attr(_SETTINGS, search.settings)
        study.enqueue_trial(Space(net_of_recipe(search.recipe)).start, skip_if_exists=True)
    elif known != search.settings:
        other = ", ".join(k for k, v in search.settings.items() if known.get(k) != v)
        raise InputError(
            f"{url} holds a search {search.name!r} with other {other}: choose another --out or "
            "--name"
        )
    return study


def trained(study: optuna.Study) -> int:
    """Number of nets that were trained for at least one epoch."""
    return sum(1 for trial in study.get_trials(deepcopy=False) if is_trained(trial))


def is_trained(trial: FrozenTrial) -> bool:
    """Whether a trial's net was trained to the end or stopped early."""
    ended = trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
    return ended and bool(trial.intermediate_values)


def net_of(trial: FrozenTrial) -> MobileNet:
    """The net of a trial."""
    return MobileNet.model_validate(trial.user_attrs["net"])


def epochs_of(trial: FrozenTrial) -> int:
    """Number of epochs for which a trial's net was trained."""
    return max(trial.intermediate_values, default=0)


def accuracy_of(trial: FrozenTrial) -> float:
    """Best mean top-1 on val of a trained net, 0..1."""
    return max(trial.intermediate_values.values())


def front(study: optuna.Study, metric: str) -> list[FrozenTrial]:
    """The Pareto front of the fully trained nets, cheapest first."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    best: list[FrozenTrial] = []
    for trial in sorted(complete, key=lambda t: (t.user_attrs["costs"][metric], -accuracy_of(t))):
        if not best or accuracy_of(trial) > accuracy_of(best[-1]):
            best.append(trial)
    return best


def own_multiply_adds(recipe: Recipe) -> int:
    """Multiply-adds of a recipe's own net.

    Raises:
        InputError: the net is not a mobilenet.
    """
    from quantization.channels.analysis import analyze

    load_tensorflow()
    net = net_of_recipe(recipe)
    return analyze(net.build(dict.fromkeys(net.heads, 8), dropout=False)).multiply_adds()


def shortened(section: Train, epochs: int) -> Train:
    """A `[train]` section with the given epochs, the same fraction of them with small images."""
    small = round(section.small_epochs * epochs / section.epochs)
    warmup = min(section.warmup_epochs, epochs / 10)
    changes = {"epochs": epochs, "small_epochs": small, "warmup_epochs": warmup, "restarts": ()}
    return section.model_copy(update=changes)


def net_of_recipe(recipe: Recipe) -> MobileNet:
    """The net that a search varies; raises InputError if it is not a mobilenet."""
    if not isinstance(recipe.model, MobileNet):
        raise InputError(
            f"recipe {recipe.name} has a {recipe.model.name}: use a recipe with a mobilenet"
        )
    return recipe.model


def _pruner(search: Search) -> optuna.pruners.BasePruner:
    if search.pruner == "none":
        return optuna.pruners.NopPruner()
    if search.pruner == "hyperband":
        return optuna.pruners.HyperbandPruner(
            min_resource=search.min_epochs, max_resource=search.epochs, reduction_factor=ETA
        )
    return optuna.pruners.SuccessiveHalvingPruner(
        min_resource=search.min_epochs, reduction_factor=ETA
    )
