import copy
import json
import subprocess
import sys

import pytest
from jsonschema import Draft202012Validator

from benchmarks.results import file as results_file
from benchmarks.results import json_schema
from device.errors import InputError

from ..minimal_results import minimal_results

SCHEMA = json.loads(results_file.SCHEMA.read_text())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results.json"


def test_what_is_saved_is_what_is_loaded(path):
    results_file.save(minimal_results(), path)
    assert results_file.load(path) == minimal_results()
    assert [file.name for file in path.parent.iterdir()] == ["results.json"]


def test_a_failed_save_leaves_the_file_that_was_there(path):
    results_file.save(minimal_results(), path)
    with pytest.raises(ValueError, match="JSON"):
        results_file.save(minimal_results() | {"created": float("nan")}, path)
    assert results_file.load(path) == minimal_results()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read"),
        ("", "not a JSON file"),
        ("\x00\xff", "not a JSON file"),
        ("[1, 2]", "no schema_version"),
        ('{"models": []}', "no schema_version"),
        ('{"schema_version": "9.0"}', "schema version 9.0"),
        ('{"schema_version": 2.0}', "schema version 2.0"),
        ('{"schema_version": "1.0"}', "lacks machine"),
        ('{"schema_version": "1.0", "machine": 3, "models": []}', "not those of version 1.0"),
        ('{"schema_version": "2.0"}', "lacks created"),
    ],
)
def test_another_file_is_refused_by_name(path, text, message):
    if text is not None:
        path.write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=message) as caught:
        results_file.load(path)
    assert str(path) in str(caught.value)


def test_the_place_of_a_flaw_is_named(path):
    broken = minimal_results()
    del broken["models"][1]["latency"]["p50_us"]
    path.write_text(json.dumps(broken))
    with pytest.raises(InputError, match=r"models\[1\]\.latency lacks p50_us"):
        results_file.load(path)


def places(value, at=()):
    """Yield every place in a JSON tree."""
    yield at
    parts = value if isinstance(value, dict) else {}
    if isinstance(value, list):
        parts = dict(enumerate(value))
    for key, part in parts.items():
        yield from places(part, (*at, key))


def test_no_value_of_another_type_passes(path):
    """Loading refuses a wrong type wherever the JSON Schema does; reports rely on it."""
    schema = Draft202012Validator(SCHEMA)
    whole = minimal_results(models=1)
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
            results_file.load(path)


def first_version(results: dict) -> dict:
    """Reduce results to the format of version 1.0."""
    old = copy.deepcopy(results)
    for key in ("reference", "peak", "frame"):
        del old[key]
    old["schema_version"] = "1.0"
    for key in ("host", "before", "after", "marks"):
        del old["machine"][key]
    old["machine"] |= {"load_before": [0.5, 0.4, 0.3], "load_after": None}
    old["protocol"] = {
        key: old["protocol"][key] for key in ("rounds", "per_round", "seed", "timed")
    } | {"threads": 2}
    for model in old["models"]:
        for key in ("precision", "peer", "sweep", "cold", "operators", "throughput"):
            del model[key]
        del model["size"]["parameters"], model["size"]["multiply_adds"]
        known = ("kind", "n", "rounds", "p50_us", "p50_us_ci95", "p90_us", "p99_us")
        known += ("ratio_to_first", "ratio_to_first_ci95")
        model["latency"] = {key: model["latency"][key] for key in known}
    return old


def test_results_of_the_first_version_are_read_as_the_current_one(path):
    old = first_version(minimal_results(partial=True))
    old["models"][1]["latency"] = None
    path.write_text(json.dumps(old))
    found = results_file.load(path)
    Draft202012Validator(SCHEMA).validate(found)
    assert found["protocol"]["threads"] == [2]
    assert found["machine"]["before"]["load"] == [0.5, 0.4, 0.3]
    assert found["reference"] is None
    first, second, _ = found["models"]
    assert first["latency"]["p50_us"] == minimal_results()["models"][0]["latency"]["p50_us"]
    assert first["latency"]["round_medians_us"] is None
    assert first["accuracy"] == minimal_results()["models"][0]["accuracy"]
    assert second["latency"] is None


def test_a_flaw_in_results_of_the_first_version_is_named(path):
    old = first_version(minimal_results())
    del old["models"][0]["size"]["bytes"]
    path.write_text(json.dumps(old))
    with pytest.raises(InputError, match=r"models\[0\]\.size lacks bytes"):
        results_file.load(path)


def test_a_file_of_version_2_0_has_an_unknown_core_and_no_counts(path):
    old = minimal_results() | {"schema_version": "2.0"}
    for key in ("instruction_sets", "microarchitecture", "core_class"):
        del old["machine"][key]
    for model in old["models"]:
        del model["counts"]
    path.write_text(json.dumps(old))
    found = results_file.load(path)
    assert found["schema_version"] == results_file.SCHEMA_VERSION
    assert found["machine"]["core_class"] == "unknown"
    assert all(model["counts"] == [] for model in found["models"])
    Draft202012Validator(SCHEMA).validate(found)


def test_the_schema_is_that_of_the_types():
    """After a change of the types: python -m benchmarks.results.json_schema."""
    assert results_file.SCHEMA.read_text(encoding="utf-8") == json_schema.text()
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (("latency", "p50_us"), 0, "p50_us: input should be greater than 0"),
        (("latency", "p50_us"), "12", "p50_us: input should be a valid number"),
        (("latency", "rounds"), True, "rounds: input should be a valid integer"),
        (("latency", "p50_us_ci95"), [1.0], "p50_us_ci95: list should have at least 2 items"),
        (("accuracy", "top1"), 1.5, "top1: input should be less than or equal to 1"),
        (("accuracy", "confusion"), [[1]], "confusion matrix of fer2013_0 is not 7x7"),
        (("accuracy", "n"), 9, "confusion matrix of fer2013_0 does not sum to 9"),
        (("latency", "extra"), 1, "extra is not a key of this version"),
    ],
)
def test_a_value_out_of_its_range_is_named(path, at, value, message):
    results = minimal_results()
    results["models"][0][at[0]][at[1]] = value
    path.write_text(json.dumps(results))
    with pytest.raises(InputError, match=message) as caught:
        results_file.load(path)
    assert "\n" not in str(caught.value)


def test_measuring_takes_no_pydantic():
    """Only reading files needs pydantic, so a host only needs the packages that run models."""
    program = (
        "import sys, benchmarks.session.session, fer_edge.cli.app;print('pydantic' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout == "False\n", ran.stderr
