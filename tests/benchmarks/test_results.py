import copy
import json

import pytest
from jsonschema import Draft202012Validator

from benchmarks import machine, results
from device.errors import InputError

from .example import example

SCHEMA = json.loads(results.SCHEMA.read_text())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results.json"


def test_what_is_saved_is_what_is_loaded(path):
    results.save(example(), path)
    assert results.load(path) == example()
    assert [file.name for file in path.parent.iterdir()] == ["results.json"]


def test_a_failed_save_leaves_the_file_that_was_there(path):
    results.save(example(), path)
    with pytest.raises(ValueError, match="JSON"):
        results.save(example() | {"created": float("nan")}, path)
    assert results.load(path) == example()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read"),
        ("", "no JSON file"),
        ("\x00\xff", "no JSON file"),
        ("[1, 2]", "no schema_version"),
        ('{"models": []}', "no schema_version"),
        ('{"schema_version": "9.0"}', "schema version 9.0"),
        ('{"schema_version": "1.0"}', "lacks created"),
    ],
)
def test_another_file_is_refused_by_name(path, text, message):
    if text is not None:
        path.write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=message) as caught:
        results.load(path)
    assert str(path) in str(caught.value)


def test_the_place_of_a_flaw_is_named(path):
    broken = example()
    del broken["models"][1]["latency"]["p50_us"]
    path.write_text(json.dumps(broken))
    with pytest.raises(InputError, match=r"models\[1\]\.latency lacks p50_us"):
        results.load(path)


def places(value, at=()):
    """Every place in a tree of JSON."""
    yield at
    parts = value if isinstance(value, dict) else {}
    if isinstance(value, list):
        parts = dict(enumerate(value))
    for key, part in parts.items():
        yield from places(part, (*at, key))


def test_no_value_of_another_type_passes(path):
    """Wherever JSON Schema refuses a wrong type, so does loading, which a report relies on."""
    schema = Draft202012Validator(SCHEMA)
    whole = example(models=1)
    for at in places(whole):
        if not at:
            continue
        broken = copy.deepcopy(whole)
        inner = broken
        for key in at[:-1]:
            inner = inner[key]
        inner[at[-1]] = {"a wrong": "type"}
        if schema.is_valid(broken):
            continue
        path.write_text(json.dumps(broken))
        with pytest.raises(InputError):
            results.load(path)


def test_machine_facts_are_json_of_the_schema():
    facts = {**machine.facts(), "load_before": machine.load(), "load_after": None}
    Draft202012Validator(SCHEMA).validate(example() | {"machine": facts})


def test_a_missing_governor_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "GOVERNOR", tmp_path / "none")
    assert machine.facts()["governor"] is None


def test_the_processor_is_named_as_linux_does(monkeypatch, tmp_path):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Cortex-A72\n")
    monkeypatch.setattr(machine, "CPU_INFO", tmp_path / "cpuinfo")
    assert machine.cpu_model() == "Cortex-A72"
