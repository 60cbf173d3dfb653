"""The last two stages: benchmark the exported files on the test split and write the report."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.pipeline.run import model_files
from fer_edge.recipe import Data
from fer_edge.training import targets

if TYPE_CHECKING:
    from fer_edge.pipeline.run import Run

_LONG = ("histogram_us", "round_medians_us")


def benchmark(run: "Run", out: Path) -> None:
    """Measure accuracy, size and latency of all files in one session; add them to the cards."""
    import benchmarks
    from quantization.tflite import card

    recipe, data = run.recipe, run.test_data
    models = model_files(run)
    results = benchmarks.run(
        models,
        data.test.images,
        {head: targets.classes(data.test, head) for head in recipe.model.heads},
        label_names={head: targets.label_names(data.test, head) for head in recipe.model.heads},
        leaked=data.leaked,
        data={
            "name": data.test.provenance["name"],
            "digest": data.test.digest,
            "synthetic": data.test.synthetic,
            "split": split_name(recipe.data),
        },
        config=benchmarks.BenchmarkConfig(rounds=recipe.bench.rounds),
        out=out,
    )
    if results["partial"]:
        raise KeyboardInterrupt
    for path, block in zip(models, results["models"], strict=True):
        figures = {key: block[key] for key in ("accuracy", "accuracy_leak_free")}
        card.add_metrics(path, figures | {"latency": _summary(block["latency"])})


def split_name(data: Data) -> str:
    """Name of the images on which a recipe tests, for `results.json`."""
    return "test" if data.split == "protocol" else f"random {100 * data.test_fraction:g} %"


def _summary(latency: dict[str, Any]) -> dict[str, Any]:
    """The latency figures for a card, without those needed only for plots and comparisons."""
    return {key: latency[key] for key in latency if key not in _LONG}


def report(run: "Run", out: Path) -> None:
    """Write the report of the benchmark's results."""
    from benchmarks import report
    from benchmarks.results import file as results_file

    report.write(results_file.load(run.folder("benchmark") / "results.json"), out)
