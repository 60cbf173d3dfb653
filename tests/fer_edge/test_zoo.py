"""The shipped models: their cards match their files."""

import json
import shlex
import shutil
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from device.errors import InputError
from device.labels import FER2013, FERPLUS
from device.model.classifier import Classifier
from device.system import sha256sums
from device.system.sha256sums import sha256
from fer_edge import recipe, zoo
from fer_edge.cli.app import app
from fer_edge.release import model_card
from fer_edge.zoo import recommend, registry

BUDGET = {"nano": 100 * 1024, "small": 400 * 1024, "base": 1024 * 1024}
"""Bytes of an int8 file: 100 KiB, 400 KiB, 1 MiB."""

SHIPPED = zoo.list_models()


def over(models: list[zoo.ZooModel]) -> Any:
    return pytest.mark.parametrize("model", models, ids=[model.name for model in models])


every = over(SHIPPED)
whole = over([model for model in SHIPPED if model.name in zoo.NAMES])
pruned = over([model for model in SHIPPED if model.name.endswith(zoo.PRUNED)])


def of(model: zoo.ZooModel) -> str:
    """The name of the model that a pruned one was made of."""
    return model.name.removesuffix(zoo.PRUNED)


def fer_edge(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_a_checkout_has_all_of_them() -> None:
    assert [model.name for model in SHIPPED] == list(zoo.MODELS)
    assert zoo.DEFAULT in zoo.MODELS


def test_they_are_listed_by_size() -> None:
    sizes = [model.card["files"]["fer2013_int8"]["size"]["bytes"] for model in SHIPPED]
    assert sizes == sorted(sizes)


def test_a_wheel_lists_those_that_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("small-pruned", "small"):
        shutil.copytree(zoo.HOME / name, tmp_path / name)
    monkeypatch.setattr("fer_edge.zoo.registry.HOME", tmp_path)
    assert [model.name for model in zoo.list_models()] == ["small-pruned", "small"]


@every
def test_the_files_are_those_that_were_measured(model: zoo.ZooModel) -> None:
    files = model.card["files"]
    assert {path.stem for path in model.files} == {s for s, f in files.items() if f["shipped"]}
    for path in model.files:
        assert files[path.stem]["sha256"] == sha256(path)
        assert files[path.stem]["size"]["bytes"] == path.stat().st_size


def test_the_list_of_digests_is_whole_and_true() -> None:
    """After a change of the zoo: python -m fer_edge.release.publish digests."""
    files = [*zoo.HOME.glob("*/*.tflite"), *zoo.HOME.glob("*/*.npz")]
    assert sha256sums.read(zoo.DIGESTS).keys() == {
        file.relative_to(zoo.HOME).as_posix() for file in files
    }
    assert sha256sums.differing(zoo.DIGESTS) == ([], len(files))


def test_a_file_that_the_wheel_leaves_out_is_named_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(zoo.HOME / "nano", tmp_path / "nano")
    (tmp_path / "nano" / "fer2013_float32.tflite").unlink()
    monkeypatch.setattr("fer_edge.zoo.registry.HOME", tmp_path)
    assert zoo.resolve("zoo:nano").is_file()
    with pytest.raises(InputError, match=r"source checkout .* fer_edge/zoo/nano/fer2013_float32"):
        zoo.resolve("zoo:nano/fer2013_float32")


def test_the_wheel_leaves_out_what_the_registry_says() -> None:
    project = tomllib.loads((zoo.HOME.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    packed = project["tool"]["setuptools"]["package-data"]["fer_edge"]
    assert {name for name in registry.MODELS if f"zoo/{name}/*" not in packed} == set(
        registry.SOURCE_ONLY
    )


@every
def test_the_files_stay_within_their_budget(model: zoo.ZooModel) -> None:
    sizes = {path.stem: path.stat().st_size for path in model.files}
    assert max(size for stem, size in sizes.items() if "int8" in stem) <= BUDGET[of(model)]
    assert sum(sizes.values()) <= 4_000_000


@every
@pytest.mark.parametrize(("head", "labels"), [("fer2013", FER2013), ("ferplus", FERPLUS)])
def test_the_int8_files_run_whole_on_xnnpack(model: zoo.ZooModel, head: str, labels) -> None:
    classifier = Classifier(zoo.resolve(f"zoo:{model.name}/{head}_int8"))
    assert classifier.labels == labels
    assert classifier.precision == "int8"
    assert classifier.delegated
    assert classifier(np.full((48, 48), 128, np.uint8)).sum() == pytest.approx(1, abs=0.05)


@every
def test_int8_costs_next_to_nothing(model: zoo.ZooModel) -> None:
    top1 = {stem: file["val"]["top1"] for stem, file in model.card["files"].items()}
    for head in ("fer2013", "ferplus"):
        assert top1[f"{head}_int8"] >= top1[f"{head}_float32"] - 0.003


@every
def test_the_card_for_people_says_what_the_card_for_machines_says(model: zoo.ZooModel) -> None:
    assert (model.folder / "CARD.md").read_text() == model_card.markdown(model.card)


@whole
def test_the_recipe_of_that_name_makes_it(model: zoo.ZooModel) -> None:
    # Options that came later have their defaults.
    said = recipe.Recipe.model_validate(model.card["recipe"])
    assert anywhere(recipe.load(model.name)) == anywhere(said)


@pruned
@pytest.mark.slow
def test_the_command_on_its_card_makes_it(model: zoo.ZooModel) -> None:
    from fer_edge.pipeline import initial_weights

    program, pipeline, name, *options = shlex.split(model.card["command"])
    given = list(zip(options[::2], options[1::2], strict=True))
    overrides = [value for option, value in given if option == "--set"]
    init = dict(given)["--init"]
    assert (program, pipeline, init) == ("fer-edge", "pipeline", f"zoo:{of(model)}")
    made = recipe.load(name, overrides, model=initial_weights.find(init).section)
    said = recipe.Recipe.model_validate(model.card["recipe"])
    assert made.name == said.name == model.name
    assert anywhere(made) | {"description": ""} == anywhere(said) | {"description": ""}


LIMITS = {
    "nano": {"cortex-a53": 0.5, "cortex-a72": 0.5},
    "small": {"cortex-a53": 1.0, "cortex-a72": 1.0},
    "base": {"cortex-a72": 2.2, "cortex-a76": 1.0},
}
"""Instructions of an int8 file, relative to the file of the package fer."""


@pruned
def test_the_pruned_files_stay_within_their_instructions(model: zoo.ZooModel) -> None:
    fer = {"cortex-a53": 8.19e6, "cortex-a72": 6.32e6, "cortex-a76": 5.42e6}
    for head in ("fer2013", "ferplus"):
        counts = model.card["files"][f"{head}_int8"]["counts"]
        counted = {count["core"]: count["instructions"] for count in counts}
        for core, limit in LIMITS[of(model)].items():
            assert counted[core] <= limit * fer[core]


def anywhere(chosen: recipe.Recipe) -> dict[str, Any]:
    """A recipe's values except bfloat16, which `auto` decides on each machine."""
    said = chosen.model_dump()
    for section in ("model", "train"):
        said[section].pop("bfloat16", None)
    return said


@every
@pytest.mark.slow
def test_a_training_can_start_from_it(model: zoo.ZooModel) -> None:
    from fer_edge.pipeline import initial_weights

    start = initial_weights.find(f"zoo:{model.name}")
    net = start.net.build({"fer2013": 7, "ferplus": 8}, seed=5, dropout=False)
    start.load_into(net, start.labels)
    face = _face()
    logits = net(((face.astype(np.float32) - 128) / 128)[None, ..., None])[0].numpy()[0]
    told = Classifier(zoo.resolve(f"zoo:{model.name}/fer2013_float32"))(face)
    softmax = np.exp(logits - logits.max())
    np.testing.assert_allclose(softmax / softmax.sum(), told, atol=0.01)


def _face() -> np.ndarray:
    from fer_edge.data import synthetic

    return synthetic.generate(20, seed=1).images[0]


@pytest.mark.slow
def test_the_teacher_is_what_its_recipe_builds() -> None:
    from fer_edge.training import weights

    said = zoo.ZooModel("teacher", zoo.HOME / "teacher").card["recipe"]
    known = {"name": "teacher", "description": recipe.load("teacher").description}
    assert anywhere(recipe.load("teacher")) == anywhere(recipe.Recipe.model_validate(said | known))
    net = recipe.load("teacher").model.build({"fer2013": 7, "ferplus": 8}, dropout=False)
    weights.load(net, zoo.teacher_weights())


def test_the_command_lists_them() -> None:
    told = fer_edge("zoo")
    assert told.exit_code == 0
    for model in SHIPPED:
        assert f"zoo:{model.name}" in told.output
    listed = json.loads(fer_edge("zoo", "--json").stdout)["models"]
    assert [card["name"] for card in listed] == [model.name for model in SHIPPED]


def test_a_terminal_of_80_columns_shows_whole_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = fer_edge("zoo").output.splitlines()
    for model in SHIPPED:
        for name in (f"zoo:{model.name}", f"zoo:{model.name}/ferplus_int8"):
            (row,) = (line for line in lines if line.split()[:1] == [name] and "x" in line[-6:])
            assert len(row) <= 80
            assert "…" not in row


def test_a_name_stands_for_a_file() -> None:
    assert zoo.resolve("zoo:base") == zoo.resolve("zoo:base/fer2013_int8")
    assert zoo.resolve(None) == zoo.resolve(recommend.default_model())
    assert zoo.resolve("zoo:base/ferplus_int8.tflite").name == "ferplus_int8.tflite"
    assert zoo.resolve("own.tflite") == Path("own.tflite")
    with pytest.raises(InputError, match="zoo:base/ferplus_int8"):
        zoo.resolve("zoo:base/ferplus_int4")


def test_base_says_that_an_astronaut_is_happy(tmp_path: Path) -> None:
    from skimage import data, io

    io.imsave(tmp_path / "astronaut.png", data.astronaut())
    told = fer_edge("predict", tmp_path / "astronaut.png", "--json")
    (face,) = json.loads(told.stdout)["faces"]
    assert face["label"] == "happiness"


def test_a_model_for_research_says_how_it_is_made() -> None:
    with pytest.raises(InputError, match="pipeline wild --init zoo:base"):
        zoo.find("base-wild")


def test_a_pruned_model_that_the_wheel_leaves_out_is_named_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer_edge.zoo.registry.HOME", tmp_path)
    with pytest.raises(InputError, match="zoo:base-pruned stands in a source checkout alone"):
        zoo.find("base-pruned")
    with pytest.raises(InputError, match="lacks nano-pruned: install fer-edge again"):
        zoo.find("nano-pruned")
