"""The search: Optuna draws nets, those over budget are rejected, the others train for a while.

A short training reports its accuracy after every epoch; successive halving (Li et al. 2018, "A
System for Massively Parallel Hyperparameter Tuning"; Hyperband: Li et al. 2018) ends those that
fall behind. All that is known of a trial is in Optuna's storage, so that several machines may share
one, and an interrupted search continues.
"""

import shutil
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import optuna
from optuna.trial import FrozenTrial, TrialState

from device.errors import CheckFailedError, InputError
from fer_edge.data import contents
from fer_edge.models.mobilenet import MobileNet
from fer_edge.pipeline import heads
from fer_edge.pipeline.run import Run
from fer_edge.pipeline.train import float_training
from fer_edge.recipe import Recipe, Train
from fer_edge.search import space
from fer_edge.search.budget import Budget, cores
from fer_edge.search.costs import CostCounter
from fer_edge.search.space import Space
from fer_edge.training import history, targets, trainer
from fer_edge.training.load_tensorflow import load_tensorflow
from fer_edge.training.trainer import Hooks

Sampler = Literal["tpe", "random"]
Pruner = Literal["halving", "hyperband", "none"]

ETA = 3
"""Of the nets that reach a rung, one in three goes on; a rung has three times the epochs of the one
before."""

REJECTED = "rejected"
"""Attribute of a trial whose net was not trained: why."""

_SETTINGS = "settings"
_WORKER = "worker"
_CONTINUES = "continues"
_IN_A_ROW = 200  # rejected nets after which the budget is taken for out of reach


@dataclass(frozen=True)
class Search:
    """A search.

    Attributes:
        recipe: how nets are trained, and the net that they are drawn around.
        data: a `.npz` of `fer-edge data prepare`.
        out: folder of trainings, counts and log.
        budgets: what a net may cost.
        least: nets that cost less than this share of every budget are not trained.
        epochs: of a whole training.
        min_epochs: epochs before the first rung, where nets are compared.
        sampler: what draws: Tree-structured Parzen Estimator (Bergstra et al. 2011), or at random.
        pruner: what ends trainings.
        storage: URL of Optuna's storage; None for SQLite in `out`.
        name: of the study in the storage.
        seed: RNG seed of the draws.
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
        """What the result of a trial depends on."""
        return {
            "recipe": self.recipe.settings(exclude={"name", "description"}),
            "data": contents.read(self.data).digest,
            "budgets": {budget.metric: budget.limit for budget in self.budgets},
            "least": self.least,
            "epochs": self.epochs,
        }


def load(search: Search) -> optuna.Study:
    """Open the study of a search, or begin it.

    Raises:
        InputError: the storage cannot be used, or holds another search of that name.
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
    except Exception as error:  # SQLAlchemy's, and those of a database's driver
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"--storage {url} cannot be used: {reason}") from error
    known = study.user_attrs.get(_SETTINGS)
    if known is None:
        study.set_user_attr(_SETTINGS, search.settings)
        study.enqueue_trial(Space(_net(search.recipe)).start, skip_if_exists=True)
    elif known != search.settings:
        other = ", ".join(k for k, v in search.settings.items() if known.get(k) != v)
        raise InputError(
            f"{url} holds a search {search.name!r} with other {other}: choose another --out or "
            "--name"
        )
    return study


def run(
    search: Search,
    *,
    trials: int,
    seconds: float | None = None,
    after_trial: Callable[[optuna.Study, FrozenTrial], None],
) -> optuna.Study:
    """Draw and train until so many nets of the study were trained.

    Args:
        search: the search.
        trials: trained nets, those that were ended early included, of all machines together.
        seconds: after which no further training begins.
        after_trial: called after each trial, rejected ones included.

    Raises:
        InputError: wrong data or storage, the kit is missing, or no net drawn is within budget.
        CheckFailedError: a net does not run on a core.
    """
    load_tensorflow()
    recipe = heads.with_targets(search.recipe, contents.read(search.data))
    search = replace(search, recipe=recipe)
    job = Run(recipe, search.data, search.out)
    labels = targets.head_sizes(job.training_data.train, recipe)
    counter = CostCounter(cores(search.budgets), search.out / "costs.json", labels)
    study = load(search)
    worker = f"{socket.gethostname()}:{search.out.absolute()}"
    _take_up(study, worker)
    space_of_nets = Space(_net(recipe))
    end = None if seconds is None else monotonic() + seconds

    def objective(trial: optuna.Trial) -> float:
        net = space_of_nets.draw(trial)
        trial.set_user_attr(_WORKER, worker)
        trial.set_user_attr("net", net.model_dump(mode="json"))
        costs = counter.without_counting(net)
        trial.set_user_attr("costs", dict(costs))
        least = max(budget.least_share(costs) for budget in search.budgets)
        if least > 1:
            trial.set_user_attr(REJECTED, f"at least {least:.2f} of the budget")
            raise optuna.TrialPruned
        costs = counter(net)
        trial.set_user_attr("costs", dict(costs))
        share = max(budget.share(costs) for budget in search.budgets)
        if share > 1 or share < search.least:
            trial.set_user_attr(REJECTED, f"{share:.2f} of the budget")
            raise optuna.TrialPruned
        if same := _same(study, net, trial.number):
            trial.set_user_attr(REJECTED, f"the net of trial {same.number}")
            raise optuna.TrialPruned
        return _train(search, net, trial)

    while trained(study) < trials and (end is None or monotonic() < end):
        study.optimize(objective, n_trials=1, callbacks=[after_trial])
        latest = study.get_trials(deepcopy=False)[-_IN_A_ROW:]
        if len(latest) == _IN_A_ROW and all(REJECTED in each.user_attrs for each in latest):
            raise InputError(
                f"none of {_IN_A_ROW} nets is within the budget and above {search.least:g} of it: "
                "give another --budget, --least or recipe"
            )
    return study


def trained(study: optuna.Study) -> int:
    """Number of nets that were trained, if only for an epoch."""
    return sum(1 for trial in study.get_trials(deepcopy=False) if is_trained(trial))


def is_trained(trial: FrozenTrial) -> bool:
    """Whether a trial's net was trained to its end or until it fell behind."""
    ended = trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
    return ended and bool(trial.intermediate_values)


def net_of(trial: FrozenTrial) -> MobileNet:
    """Give the net of a trial."""
    return MobileNet.model_validate(trial.user_attrs["net"])


def epochs_of(trial: FrozenTrial) -> int:
    """Number of epochs that a trial's net was trained for."""
    return max(trial.intermediate_values, default=0)


def accuracy_of(trial: FrozenTrial) -> float:
    """Best mean top-1 on val of a trained net, 0 to 1."""
    return max(trial.intermediate_values.values())


def front(study: optuna.Study, metric: str) -> list[FrozenTrial]:
    """The nets trained to their end that no cheaper one is as accurate as, cheapest first."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    best: list[FrozenTrial] = []
    for trial in sorted(complete, key=lambda t: (t.user_attrs["costs"][metric], -accuracy_of(t))):
        if not best or accuracy_of(trial) > accuracy_of(best[-1]):
            best.append(trial)
    return best


def own_multiply_adds(recipe: Recipe) -> int:
    """Multiply-adds of a recipe's own net.

    Raises:
        InputError: the net is no mobilenet.
    """
    from quantization.channels.analysis import analyze

    load_tensorflow()
    net = _net(recipe)
    return analyze(net.build(dict.fromkeys(net.heads, 8), dropout=False)).multiply_adds()


def _net(recipe: Recipe) -> MobileNet:
    if not isinstance(recipe.model, MobileNet):
        raise InputError(
            f"recipe {recipe.name} has a {recipe.model.name}: nets are searched around a mobilenet"
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


def _take_up(study: optuna.Study, worker: str) -> None:
    """Queue again what an earlier process of this folder was training when it ended."""
    trials = study.get_trials(deepcopy=False)
    continued = {trial.user_attrs.get(_CONTINUES) for trial in trials}
    for trial in trials:
        if trial.number in continued or trial.user_attrs.get(_WORKER) != worker:
            continue
        if trial.state == TrialState.RUNNING:
            study.tell(trial.number, state=TrialState.FAIL)
        elif trial.state != TrialState.FAIL:
            continue
        study.enqueue_trial(trial.params, user_attrs={_CONTINUES: trial.number})


def _same(study: optuna.Study, net: MobileNet, number: int) -> FrozenTrial | None:
    """The earlier trial with the same architecture that was or is being trained."""
    wanted = space.digest(net)
    for trial in study.get_trials(deepcopy=False):
        busy = trial.state == TrialState.RUNNING and trial.number < number
        ended = trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
        drawn = "net" in trial.user_attrs and REJECTED not in trial.user_attrs
        if (busy or ended) and drawn and space.digest(net_of(trial)) == wanted:
            return trial
    return None


def _train(search: Search, net: MobileNet, trial: optuna.Trial) -> float:
    """Train a net, reporting every epoch; one that was interrupted continues."""
    import tf_keras as keras

    keras.backend.clear_session()
    recipe = search.recipe.model_copy(
        update={"model": net, "train": shortened(search.recipe.train, search.epochs)}
    )
    folder = search.out / "candidates" / space.digest(net)
    model, job = float_training(Run(recipe, search.data, search.out), folder)

    def report(row: Mapping[str, float]) -> None:
        epoch = int(row["epoch"])
        trial.report(_score(row), epoch)
        if epoch < search.epochs and trial.should_prune():
            raise optuna.TrialPruned

    done = history.load(folder / "history.csv")
    try:
        for row in done:
            report(row)
        title = f"trial {trial.number}"
        hooks = Hooks(after_checkpoint=report)
        rows = trainer.fit(model, replace(job, title=title, hooks=hooks))
    except optuna.TrialPruned:
        trial.set_user_attr("history", history.load(folder / "history.csv"))
        shutil.rmtree(folder, ignore_errors=True)  # what fell behind is not trained again
        raise
    except CheckFailedError as error:  # it diverged: no reason to end the search
        trial.set_user_attr(REJECTED, str(error))
        raise optuna.TrialPruned from error
    trial.set_user_attr("history", rows)
    return max(map(_score, rows))


def _score(row: Mapping[str, float]) -> float:
    """Mean of the figures on val."""
    scores = [value for name, value in row.items() if name.startswith("val_")]
    if not scores:
        raise InputError("the data has no val split to compare nets on")
    return sum(scores) / len(scores)


def shortened(section: Train, epochs: int) -> Train:
    """A `[train]` section of so many epochs, with small images for the same share of them."""
    small = round(section.small_epochs * epochs / section.epochs)
    warmup = min(section.warmup_epochs, epochs / 10)
    changes = {"epochs": epochs, "small_epochs": small, "warmup_epochs": warmup, "restarts": ()}
    return section.model_copy(update=changes)
