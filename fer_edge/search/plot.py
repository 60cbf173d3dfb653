"""The plot of a search: accuracy against cost, with the Pareto front."""

from pathlib import Path

import optuna
from optuna.trial import TrialState

from device.system.atomic_file import replacing
from fer_edge.search import study as studies
from fer_edge.search.budget import SIZE, Budget


def save(study: optuna.Study, budget: Budget, path: Path) -> None:
    """Plot every trained net, and connect the nets of the Pareto front.

    Args:
        study: study of the search.
        budget: budget whose metric is the x axis and whose limit is drawn as a line.
        path: PNG file to write.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for state, marker, label in (
        (TrialState.PRUNED, "x", "stopped early"),
        (TrialState.COMPLETE, "o", "trained to the end"),
    ):
        chosen = [
            t for t in study.get_trials(deepcopy=False, states=(state,)) if studies.is_trained(t)
        ]
        costs = [trial.user_attrs["costs"][budget.metric] / 1e6 for trial in chosen]
        scores = [100 * studies.accuracy_of(trial) for trial in chosen]
        axes.plot(costs, scores, marker, label=f"{label} ({len(chosen)})", alpha=0.7)
    best = studies.front(study, budget.metric)
    axes.step(
        [trial.user_attrs["costs"][budget.metric] / 1e6 for trial in best],
        [100 * studies.accuracy_of(trial) for trial in best],
        where="post",
        label="Pareto front",
    )
    axes.axvline(budget.limit / 1e6, color="gray", linestyle=":", label="budget")
    axes.set(xlabel=_label(budget.metric), ylabel="mean top-1 on val, %", title=study.study_name)
    axes.grid(alpha=0.3)
    axes.legend()
    with replacing(path) as partial:
        figure.savefig(partial, dpi=120, format="png")


def _label(metric: str) -> str:
    if metric == SIZE:
        return "weights, MB"
    if metric.startswith("cortex"):
        return f"instructions per inference on the {metric}, millions"
    return "multiply-adds, millions"
