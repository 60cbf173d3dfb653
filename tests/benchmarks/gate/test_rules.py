import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.gate import rules
from benchmarks.gate.limits import LIMITS
from benchmarks.gate.rules import DecideBy
from benchmarks.textfile import MAX_NUMBER
from device.errors import InputError

PATH = Path("bench.toml")


def limit_of(key: str) -> st.SearchStrategy[float]:
    return st.floats(0.0, min(LIMITS[key].highest, 1e9))


limits = st.lists(st.sampled_from(list(LIMITS)), min_size=1, unique=True).flatmap(
    lambda keys: st.fixed_dictionaries({key: limit_of(key) for key in keys})
)
globs = st.text(string.ascii_letters + string.digits + "*?[]-_. ", min_size=1)


@given(st.dictionaries(globs, limits, min_size=1, max_size=4))
def test_what_is_written_is_what_is_read(tables):
    text = "\n".join(
        "\n".join([f'[models."{glob}"]', *(f"{key} = {value!r}" for key, value in table.items())])
        for glob, table in tables.items()
    )
    read = rules.parse(text, PATH)
    assert {rule.models: dict(rule.limits) for rule in read.rules} == tables
    assert read.confidence == 0.95
    assert all(rule.decide_by is DecideBy.interval for rule in read.rules)


@given(st.text())
def test_any_text_is_read_or_refused_in_one_line(text):
    try:
        rules.parse(text, PATH)
    except InputError as error:
        assert str(error).startswith("bench.toml")
        assert "\n" not in str(error)


values = st.one_of(st.integers(), st.floats(), st.booleans(), st.text("ab"), st.just([]))


@given(st.sampled_from(list(LIMITS)), values)
def test_a_limit_is_a_number_in_its_range_or_is_refused(key, value):
    written = str(value).lower() if isinstance(value, bool) else repr(value)
    text = f'[models."*"]\n{key} = {written}'
    fits = not isinstance(value, bool | str | list) and 0 <= value <= LIMITS[key].highest
    if fits and value <= MAX_NUMBER:
        assert rules.parse(text, PATH).rules[0].limits == {key: value}
    else:
        with pytest.raises(InputError, match=key):
            rules.parse(text, PATH)


@given(st.sampled_from(list(LIMITS)), st.integers(0, 30), st.sampled_from(string.ascii_lowercase))
def test_a_mistyped_key_is_named_with_one_that_is_known(key, place, letter):
    wrong = key[: place % len(key)] + letter + key[place % len(key) :]
    with pytest.raises(InputError) as caught:
        rules.parse(f'[models."*"]\n{wrong} = 1', PATH)
    said, _, meant = str(caught.value).partition(": did you mean ")
    assert said == f'bench.toml: models."*".{wrong} is not a key of a rules file'
    assert meant.rstrip("?") in LIMITS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no rule"),
        ("models = 3", "has no rule"),
        ("[models]", "has no rule"),
        ("[models]\nmax_bytes = 3", "models.max_bytes is 3: give a table"),
        ('[models."*"]', "limits nothing"),
        ('[models."*"]\nmax_slowr = 0.05', "did you mean max_slower"),
        ("confidense = 0.95", "did you mean confidence"),
        ('confidence = 95\n[models."*"]\nmax_bytes = 1', "confidence is 95: give 0.8 to 0.999"),
        ('[models."*"]\nmin_top1 = 60', "min_top1 is 60: give 0 to 1"),
        ('[models."*"]\nmax_bytes = true', "give a number"),
        ('[models."*"]\nmax_bytes = 1\ndecide_by = "luck"', "give 'interval' or 'point'"),
        ('[models."*"]\nmax_bytes = 1\nparent = 3', "string in quotes"),
        ('allow_new = 1\n[models."*"]\nmax_bytes = 1', "true or false"),
        ('[models."*"]\nmax_bytes = 1\n[models."*"]', "is not TOML"),
    ],
)
def test_a_wrong_rule_says_what_to_write(text, message):
    with pytest.raises(InputError) as caught:
        rules.parse(text, PATH)
    assert message in str(caught.value)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "bench.toml"
    for content in (None, b"\xff\xfe\x00"):
        if content:
            path.write_bytes(content)
        with pytest.raises(InputError, match=str(path)):
            rules.load(path)


def test_the_default_rules_are_rules():
    assert {key for rule in rules.load(rules.DEFAULT).rules for key in rule.limits} >= {
        "max_slower",
        "max_top1_loss",
        "max_top1_drop",
    }
