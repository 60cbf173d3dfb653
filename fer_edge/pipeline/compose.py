"""Composes a run from the user's options and checks up front what would fail later."""

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from fer_edge import recipe as recipes
from fer_edge.data import source
from fer_edge.pipeline import initial_weights, instructions
from fer_edge.pipeline.run import Run
from fer_edge.training.cluster import ALONE, Cluster


def compose(
    recipe: str | None = None,
    data: Sequence[Path] = (),
    out: Path | None = None,
    *,
    overrides: Sequence[str] = (),
    teacher: str | None = None,
    init: str | None = None,
    shares: Sequence[float] = (),
    quick: bool = False,
    workers: Cluster = ALONE,
) -> Run:
    """Load the recipe, prepare the data and check the requirements of later stages.

    Args:
        recipe: name of a recipe or path of a `.toml`; if None, "demo", or "finetune" with `init`.
        data: prepared `.npz` files, or any sources that `fer-edge data prepare` reads: first the
            set whose splits are used for selection and test, then additional training sets;
            synthetic faces if empty.
        out: folder of the run; `runs/RECIPE` if None.
        overrides: values that replace those of the recipe, as `section.key=value`.
        teacher: folder of a teacher's run, or `zoo:teacher`.
        init: start from the weights of `zoo:NAME` or of the run in this folder.
        shares: fractions of each batch from the additional sets; see `source.with_sources`.
        quick: whether to shorten every stage to a smoke run.
        workers: the cluster that trains. Workers beside the chief prepare data for themselves.

    Raises:
        InputError: invalid recipe, data or option; the teacher was trained on other data; or tools
            for counting instructions are missing and channels are pruned by instructions.
    """
    model = initial_weights.find(init).section if init else None
    chosen = recipes.load(recipe or ("finetune" if init else "demo"), overrides, model=model)
    if quick:
        chosen = recipes.quick(chosen)
    if chosen.teacher and not chosen.teacher.nets:
        recipes.of_teacher(chosen, chosen.teacher)
    if chosen.channels is not None:
        instructions.find_core(chosen.channels.target)
    folder = out or Path("runs") / chosen.name
    prepared = folder if workers.is_chief else _own_folder()
    faces = source.resolve_data(data[0] if data else None, chosen, prepared)
    chosen = source.with_sources(chosen, data[1:], shares, prepared)
    return Run(chosen, faces, folder, teacher, init)


def _own_folder() -> Path:
    """A temporary folder of this process."""
    folder = Path(tempfile.mkdtemp(prefix="fer-edge-worker-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
