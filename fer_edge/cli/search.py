"""`fer-edge search`: architecture search within a cost budget, by short trainings."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from fer_edge.cli.pipeline import AsJson, Data, Set
from fer_edge.cli.shared.json_output import print_json

EXAMPLE = (
    "Example: fer-edge search nano --data fer2013.npz --budget cortex-a72=0.5x "
    "--budget cortex-a53=0.5x --out runs/search-nano"
)


def search(
    recipe: Annotated[
        str,
        typer.Argument(help="Recipe (a mobilenet) with the initial architecture and the training."),
    ] = "nano",
    data: Data = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the search.", show_default="runs/search-RECIPE")
    ] = None,
    budget: Annotated[
        list[str] | None,
        typer.Option(
            help="Upper limit of a cost: instructions per inference on cortex-a53, cortex-a72 or "
            "cortex-a76, multiply_adds, or size (bytes of weights). With the suffix x, a multiple "
            "of the cost of --reference. If repeated, all limits apply.",
            metavar="METRIC=VALUE",
            show_default="multiply_adds of the recipe's own net",
        ),
    ] = None,
    reference: Annotated[
        str,
        typer.Option(
            help="Net that budgets with the suffix x refer to: fer (the package of that name), "
            "zoo:NAME, or a .tflite file."
        ),
    ] = "fer",
    least: Annotated[
        float,
        typer.Option(min=0, max=0.99, help="Smallest fraction of the budget that a net may use."),
    ] = 0.5,
    trials: Annotated[
        int, typer.Option(min=1, help="Number of nets to train, over all machines of --storage.")
    ] = 30,
    epochs: Annotated[int, typer.Option(min=1, help="Number of epochs of a full training.")] = 9,
    min_epochs: Annotated[
        int, typer.Option(min=1, help="Number of epochs before a training may be pruned.")
    ] = 2,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="Start no training after this many minutes.")
    ] = None,
    sampler: Annotated[
        Literal["tpe", "random"], typer.Option(help="Optuna sampler that proposes nets.")
    ] = "tpe",
    pruner: Annotated[
        Literal["halving", "hyperband", "none"],
        typer.Option(help="Optuna pruner that stops unpromising trainings."),
    ] = "halving",
    storage: Annotated[
        str | None,
        typer.Option(
            help="URL of a database to share between machines, for example postgresql://host/name.",
            show_default="SQLite in --out",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the search in the storage.", show_default="RECIPE")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="RNG seed of the sampler.")] = 0,
    overrides: Set = None,
    as_json: AsJson = False,
) -> None:
    """Search for accurate nets within a cost budget, by short trainings.

    The same command resumes an interrupted search.
    """
    from device.system.exclusive_folder import exclusive
    from fer_edge.extras import TRAINING, require

    require("train", TRAINING, "fer-edge search")
    require("search", ("optuna",), "fer-edge search")
    from fer_edge import recipe as recipes
    from fer_edge.data import source
    from fer_edge.search import budget as budgets
    from fer_edge.search import costs, log, optimization, plot, study

    chosen = recipes.load(recipe, overrides or [])
    folder = out or Path("runs") / f"search-{chosen.name}"
    limits = budgets.parse(budget or [], lambda metric: costs.reference_cost(reference, metric))
    if not limits:
        limits = [budgets.Budget(budgets.MULTIPLY_ADDS, study.own_multiply_adds(chosen))]
    if budgets.cores(limits):
        costs.runtime()  # fails early if the tools for counting are missing
    with exclusive(folder):
        faces = source.resolve_data(data[0] if data else None, chosen, folder)
        job = study.Search(
            chosen,
            faces,
            folder,
            tuple(limits),
            least=least,
            epochs=epochs,
            min_epochs=min(min_epochs, epochs),
            sampler=sampler,
            pruner=pruner,
            storage=storage,
            name=name or chosen.name,
            seed=seed,
        )

        def after(found: Any, trial: Any) -> None:
            log.save(found, folder / "search.csv", side=log.sides(chosen.train, epochs))
            if not as_json:
                typer.echo(log.line(trial, limits[0].metric))

        done = optimization.run(
            job,
            trials=trials,
            seconds=None if minutes is None else 60 * minutes,
            after_trial=after,
        )
        log.save(done, folder / "search.csv", side=log.sides(chosen.train, epochs))
        plot.save(done, limits[0], folder / "pareto.png")
        best = study.front(done, limits[0].metric)
        if best:
            log.save_recipe(chosen, best[-1], folder / "best.toml")
    if as_json:
        front = log.front(done, limits[0].metric)
        print_json({"out": str(folder), "trained": study.trained(done), "front": front})
        return
    typer.echo("\nNets on the Pareto front (no cheaper net is as accurate):")
    for trial in best:
        typer.echo(log.line(trial, limits[0].metric))
    typer.echo(f"Log: {folder / 'search.csv'}; plot: {folder / 'pareto.png'}")
    if best:
        typer.echo(f"To train the last of them in full: fer-edge pipeline {folder / 'best.toml'}")
