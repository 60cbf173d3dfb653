"""Recommendation of a zoo model for a core."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from device.errors import InputError
from device.system.processor import Processor
from fer_edge import zoo
from fer_edge.cli.app import app
from fer_edge.zoo import recommend
from fer_edge.zoo.recommend import Option


def run(*arguments):
    return CliRunner().invoke(app, ["zoo", *arguments])


def option(model, top1, ms, size=1000):
    return Option(model, "fer2013", "int8", size, top1, top1, ms, None, "estimated", "Example")


def machine(core_class, microarchitecture=None):
    return Processor((), microarchitecture, core_class)


def test_the_most_accurate_within_the_budget_is_chosen():
    given = [option("a", 0.60, 1.0), option("b", 0.65, 4.0), option("c", 0.70, 9.0)]
    assert recommend.choose(given, 5.0).model == "b"
    assert recommend.choose(given, 20.0).model == "c"
    assert recommend.choose(given, 0.5) is None


def test_of_nearly_equal_ones_the_faster_is_chosen_and_then_the_smaller():
    given = [option("float32", 0.7047, 8.0), option("int8", 0.7038, 4.0)]
    assert recommend.choose(given).model == "int8"
    given = [option("float32", 0.70, 4.0, 2000), option("int8", 0.70, 4.0, 500)]
    assert recommend.choose(given).model == "int8"


OPTIONS = st.lists(st.builds(option, st.text(), st.floats(0, 1), st.floats(0.01, 100)), max_size=8)


@given(OPTIONS, st.floats(0.01, 100))
def test_what_is_chosen_fits_and_little_that_fits_is_better(given, budget):
    chosen = recommend.choose(given, budget)
    fitting = [one for one in given if one.ms <= budget]
    assert (chosen is None) == (not fitting)
    if chosen:
        assert chosen.ms <= budget
        assert chosen.val_top1 >= max(one.val_top1 for one in fitting) - recommend.EQUAL


@pytest.mark.parametrize(
    ("text", "ms"), [("5ms", 5.0), ("800us", 0.8), ("0.01 s", 10.0), ("16", 16.0), (".5ms", 0.5)]
)
def test_a_budget_has_a_unit(text, ms):
    assert recommend.budget(text) == pytest.approx(ms)


@pytest.mark.parametrize("text", ["", "ms", "0ms", "-5ms", "5 minutes", "five", "1e3ms"])
def test_a_budget_that_is_no_time_is_refused(text):
    with pytest.raises(InputError, match="give a time above zero"):
        recommend.budget(text)


@pytest.mark.parametrize(
    ("processor", "core"),
    [
        (machine("arm-nodot", "cortex-a72"), "cortex-a72"),
        (machine("arm-nodot", "cortex-a57"), "cortex-a53"),
        (machine("arm-dot", "cortex-a55"), "cortex-a76"),
        (machine("x86-vnni", "zen4"), None),
        (machine("unknown"), None),
    ],
)
def test_a_machine_is_a_counted_core_or_one_of_its_class(processor, core):
    assert recommend.target("here", processor).core == core


def test_every_shipped_file_has_figures_on_every_core():
    shipped = {
        f"zoo:{model.name}/{path.stem}" for model in zoo.list_models() for path in model.files
    }
    for core in ("cortex-a53", "cortex-a72", "cortex-a76"):
        found = [
            one
            for head in ("fer2013", "ferplus")
            for one in recommend.options(recommend.target(core), head)
        ]
        assert {one.model for one in found} == shipped
        assert all(one.kind == "estimated" and one.instructions for one in found)


def test_a_core_without_a_dot_product_never_gets_a_larger_model_than_one_with():
    sizes = []
    for core in ("cortex-a53", "cortex-a76"):
        chosen = recommend.choose(recommend.options(recommend.target(core), "fer2013"))
        sizes.append(chosen.size)
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("core_class", ["x86-vnni", "x86-avx2", "unknown"])
def test_a_pc_gets_base_in_int8(core_class):
    assert recommend.default_model(machine(core_class)) == "zoo:base/ferplus_int8"


@pytest.mark.parametrize(
    ("core", "model"),
    [("cortex-a53", "small-pruned"), ("cortex-a72", "base"), ("cortex-a76", "base")],
)
def test_a_raspberry_pi_gets_what_its_core_is_fast_enough_for(core, model):
    core_class = recommend.target(core).core_class
    assert recommend.default_model(machine(core_class, core)) == f"zoo:{model}/ferplus_int8"


def test_the_default_is_never_a_model_that_the_wheel_leaves_out(monkeypatch):
    given = [
        option("zoo:base-pruned/ferplus_int8", 0.9, 3.0),
        option("zoo:small/ferplus_int8", 0.8, 2.0),
    ]
    monkeypatch.setattr(recommend, "options", lambda *_: given)
    assert recommend.default_model(machine("x86-vnni")) == "zoo:small/ferplus_int8"


def test_the_default_is_base_where_the_cards_say_nothing(monkeypatch):
    monkeypatch.setattr(recommend, "options", lambda *_: [])
    assert recommend.default_model(machine("x86-vnni")) == "zoo:base/ferplus_int8"


def test_the_command_names_one_within_the_budget():
    told = run("--for", "cortex-a72", "--budget", "5ms", "--json")
    answer = json.loads(told.stdout)
    chosen = next(one for one in answer["options"] if one["model"] == answer["recommended"])
    assert chosen["ms"] <= 5
    assert answer["core_class"] == "arm-nodot"
    shown = run("--for", "cortex-a72", "--budget", "5ms")
    assert shown.exit_code == 0
    assert f"Recommended: {answer['recommended']}" in " ".join(shown.output.split())
    assert "estimated for the Raspberry Pi 4" in " ".join(shown.output.split())


def test_the_command_recommends_for_this_machine():
    assert "Recommended: zoo:" in run("--for", "here").output


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--for", "cortex-a99"), 2, "give here or a core: cortex-a53"),
        (("--for", "here", "--budget", "soon"), 2, "give a time above zero"),
        (("--budget", "5ms"), 2, "--budget needs --for"),
        (("--for", "here", "--labels", "mine"), 2, "give fer2013 or ferplus"),
        (("--for", "cortex-a53", "--budget", "1us"), 1, "no model takes at most 0.001 ms"),
    ],
)
def test_what_cannot_be_recommended_is_one_line(arguments, code, message):
    told = run(*arguments)
    assert told.exit_code == code
    assert message in " ".join(told.output.split())
