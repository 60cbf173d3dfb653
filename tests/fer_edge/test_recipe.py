from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import InputError
from fer_edge import recipe
from fer_edge.recipe import file

from .conftest import NEEDS_INIT


@pytest.mark.parametrize("name", recipe.names())
def test_a_shipped_recipe_loads_and_says_what_it_is(name: str) -> None:
    net = {"name": "mobilenet", "stem": [], "stages": [], "features": 8}
    loaded = recipe.load(name, model=net if name in NEEDS_INIT else None)
    assert loaded.name == name
    assert loaded.description


def test_the_paper_is_trained_as_it_describes() -> None:
    paper = recipe.load("paper")
    train, augment = paper.train, paper.augment
    assert (train.optimizer, train.learning_rate, train.schedule) == ("adam", 1e-3, "constant")
    assert (train.batch, train.epochs, train.select) == (64, 50, "last")
    assert (paper.data.split, paper.data.test_fraction) == ("random", 0.2)
    assert augment.flip and augment.rotation and augment.zoom
    assert not augment.brightness and not augment.contrast and not augment.erasing
    assert paper.model.normalization == (0.0, 255.0)


def test_an_override_takes_the_value_that_toml_would_have() -> None:
    changed = recipe.load("small", ["train.epochs=5", "train.optimizer=sgd", "seed=9"])
    assert (changed.train.epochs, changed.train.optimizer, changed.seed) == (5, "sgd", 9)


def test_a_changed_value_is_another_recipe() -> None:
    assert recipe.load("small").digest == recipe.load("small").digest
    assert recipe.load("small").digest != recipe.load("small", ["seed=9"]).digest


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("train.epochs", "section.key=value"),
        ("train.epoch=5", "train.epoch is not a key of a recipe: did you mean epochs"),
        ("train.learning_rat=0.1", "did you mean learning_rate"),
        ("epochs=1", r"did you mean train\.epochs or "),
        ("trian.epochs=1", "trian is not a key of a recipe: did you mean train"),
        ("model.featurs=8", r"model\.featurs is not a key of a recipe: did you mean features"),
        ("model.stages=[{width=8, repeat=2}]", r"stages\.0\.repeat .*did you mean repeats"),
        ("prune.sparsity=0.5", r"prune\.epochs is missing"),
        ("train.learning_rate=inf", "train.learning_rate"),
        ("train.learning_rate=nan", "train.learning_rate"),
        ("model.heads=[]", "model.heads"),
        ('model.heads=["fer2013","fer2013"]', "twice"),
        ("seed=1e23", "seed"),
        ("seed=-1", "seed"),
        ("model.features=999999999", "model.features"),
        ("train.epochs=1000000000", "train.epochs"),
        ("bench.rounds=1000000000", "bench.rounds"),
        ('export.precisions=["int4"]', "export.precisions"),
        ('export.precisions=["int8","int8"]', "twice"),
        ("train.=1", "section.key=value"),
        ("train.epochs=" + "[" * 100_000, "nested too deeply"),
        ("train.epochs=0", "train.epochs"),
        ("train.epochs=many", "train.epochs"),
        ("seed.x=1", "not a section"),
        ("model.name=resnet", "model"),
        ("data.split=random", "last"),
    ],
)
def test_a_wrong_override_is_named(override: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        recipe.load("small", [override])


@pytest.mark.parametrize("name", file.MODALITIES)
def test_the_recipe_of_another_net_names_its_command(name: str) -> None:
    with pytest.raises(InputError, match=f"use `fer-edge {name}`"):
        recipe.load(name)


def test_an_unknown_recipe_lists_those_that_exist() -> None:
    with pytest.raises(
        InputError,
        match=r"attention, base, base-lean, committee, demo, .*, wild",
    ):
        recipe.load("smal")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("description = 'für Gesichter'".encode("latin-1"), "not UTF-8"),
        (b"a = " + b"[" * 100_000, "nested too deeply"),
        (b"a = " + b"9" * 10_000, "not TOML"),
        (b"#" * 2_000_000, "not a recipe"),
        (b"\x00\x01", "not TOML"),
        (b"train = 5\n[model]\nname = 'paper'", "train"),
        (b"[model]\nname = 'lenet'", "model"),
    ],
    ids=["latin-1", "nested", "digits", "large", "binary", "no section", "no net"],
)
def test_a_damaged_recipe_is_one_line_that_names_it(content: bytes, said: str, tmp_path) -> None:
    (tmp_path / "own.toml").write_bytes(content)
    with pytest.raises(InputError, match=said) as refused:
        recipe.load(str(tmp_path / "own.toml"))
    assert "own.toml" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_recipe_with_a_byte_order_mark_is_read(tmp_path) -> None:
    text = "[model]\nname = 'paper'\n[train]\nepochs = 1\nlearning_rate = 0.1\n"
    (tmp_path / "own.toml").write_text(text, encoding="utf-8-sig")
    assert recipe.load(str(tmp_path / "own.toml")).model.name == "paper"


@given(content=st.binary(max_size=200))
def test_any_bytes_are_one_line(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "own.toml"
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"own\.toml"):
            recipe.load(str(path))


def test_a_file_that_is_no_toml_is_named(tmp_path) -> None:
    (tmp_path / "own.toml").write_text("[train\n")
    with pytest.raises(InputError, match=r"own\.toml"):
        recipe.load(str(tmp_path / "own.toml"))
    with pytest.raises(InputError, match="no recipe file"):
        recipe.load(str(tmp_path / "none.toml"))


OLD_NAMES = """
[model]
name = "mobilenet"
stem = []
stages = []
features = 8

[teacher]
views = 4
share = 0.25

[train]
epochs = 1
learning_rate = 1e-3
distil = 0.5
"""


def test_keys_that_were_renamed_are_still_read_with_a_warning(tmp_path, caplog) -> None:
    from fer_edge import section

    section._warn_renamed.cache_clear()
    (tmp_path / "old.toml").write_text(OLD_NAMES)
    loaded = recipe.load(str(tmp_path / "old.toml"))
    assert (loaded.teacher.epochs, loaded.teacher.alpha, loaded.train.distill) == (4, 0.25, 0.5)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 3
    assert any("distil is now called distill" in line for line in said)


def test_the_old_and_the_new_name_of_a_key_do_not_go_together() -> None:
    with pytest.raises(InputError, match="distil is the old name of distill"):
        recipe.load("small", ["quantize.distil=0.5"])


def test_a_renamed_key_leaves_the_fingerprint_of_a_run_alone() -> None:
    settings = recipe.load("small").quantize.settings()
    assert settings["distil"] == 0.7
    assert "distill" not in settings


def test_a_recipe_may_change_some_options_of_the_net_it_starts_from() -> None:
    net = {"name": "mobilenet", "stem": [], "stages": [], "features": 8, "heads": ["fer2013"]}
    assert recipe.load("wild", model=net).model.heads == ("fer2013", "ferplus")
    with pytest.raises(InputError, match="--init zoo:base"):
        recipe.load("wild")


def test_int8_alone_needs_quantization_aware_training(tmp_path) -> None:
    text = "[model]\nname = 'paper'\n[train]\nepochs = 1\nlearning_rate = 0.1\n"
    (tmp_path / "own.toml").write_text(text + "[export]\nprecisions = ['int8']\n")
    with pytest.raises(InputError, match=r"need a \[quantize\] section"):
        recipe.load(str(tmp_path / "own.toml"))
    (tmp_path / "own.toml").write_text(text)
    assert recipe.load(str(tmp_path / "own.toml")).precisions == ("float32", "float16", "dynamic")


@pytest.mark.parametrize("name", ["base", "small", "paper", "demo"])
def test_a_quick_recipe_has_the_stages_of_the_whole_one_but_no_teacher(name: str) -> None:
    whole = recipe.load(name)
    short = recipe.quick(whole)
    recipe.Recipe.model_validate(short.model_dump())  # within all bounds
    assert short.name == f"{name}-quick"
    assert short.teacher is None
    for stage in ("channels", "adjust", "prune", "cluster", "quantize"):
        assert (getattr(short, stage) is None) == (getattr(whole, stage) is None)
    assert (short.train.epochs, short.data.limit, short.train.restarts) == (2, 2000, ())
    assert short.precisions == ("float32", "int8")
    assert short.model == whole.model


@pytest.mark.parametrize("name", recipe.names())
def test_no_shipped_recipe_uses_a_key_of_an_earlier_version(
    name: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    from fer_edge import section
    from fer_edge.pipeline import initial_weights

    section._warn_renamed.cache_clear()  # a warning is given once a process
    started = name in NEEDS_INIT
    model = initial_weights.find("zoo:nano").section if started else None
    recipe.load(name, model=model)
    assert "now called" not in capsys.readouterr().err + caplog.text
