"""Runs a search: Optuna proposes nets; those within budget are trained for a few epochs.

A short training reports its accuracy after every epoch; successive halving (Li et al. 2018, "A
System for Massively Parallel Hyperparameter Tuning"; Hyperband: Li et al. 2018) stops unpromising
ones.
"""

import shutil
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from time import monotonic

import optuna
from optuna.trial import FrozenTrial, TrialState

from device.errors import CheckFailedError, InputError
from fer_edge.data import contents
from fer_edge.models.mobilenet import MobileNet
from fer_edge.pipeline import heads
from fer_edge.pipeline.run import Run
from fer_edge.pipeline.train import float_training
from fer_edge.search import space
from fer_edge.search.budget import cores
from fer_edge.search.costs import CostCounter
from fer_edge.search.space import Space
from fer_edge.search.study import REJECTED, Search, load, net_of, net_of_recipe, shortened, trained
from fer_edge.training import history, targets, trainer
from fer_edge.training.job import Hooks
from fer_edge.training.load_tensorflow import load_tensorflow

_WORKER = "worker"
_CONTINUES = "continues"
_IN_A_ROW = 200  # consecutive rejected nets after which the budget is considered out of reach


def run(
    search: Search,
    *,
    trials: int,
    seconds: float | None = None,
    after_trial: Callable[[optuna.Study, FrozenTrial], None],
) -> optuna.Study:
    """Propose and train nets until the study has the given number of trained nets.

    Args:
        search: settings of the search.
        trials: number of trained nets, including those stopped early, over all machines.
        seconds: time limit in seconds after which no further training starts; None for no limit.
        after_trial: called after each trial, including rejected ones.

    Raises:
        InputError: invalid data or storage, tools for counting are missing, or no proposed net is
            within budget.
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
    space_of_nets = Space(net_of_recipe(recipe))
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


def _take_up(study: optuna.Study, worker: str) -> None:
    """Queue again the trial that an earlier process of this folder was training when it ended."""
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
    """Train a net and report every epoch; resumes an interrupted training."""
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
        shutil.rmtree(folder, ignore_errors=True)  # a trial that was stopped is not resumed
        raise
    except CheckFailedError as error:  # it diverged; the search continues
        trial.set_user_attr(REJECTED, str(error))
        raise optuna.TrialPruned from error
    trial.set_user_attr("history", rows)
    return max(map(_score, rows))


def _score(row: Mapping[str, float]) -> float:
    """Mean of the metrics on val."""
    scores = [value for name, value in row.items() if name.startswith("val_")]
    if not scores:
        raise InputError("the data has no val split for comparing nets: prepare it with one")
    return sum(scores) / len(scores)
