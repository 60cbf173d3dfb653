import json

from hypothesis import given
from hypothesis import strategies as st

from fer_edge.cli.shared.json_output import print_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def reject(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def test_numbers_that_are_not_finite_are_null(capsys) -> None:
    print_json({"a": [float("nan"), {"b": float("-inf")}, 1.5], "c": "überrascht"})
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {
        "schema_version": "1.0",
        "a": [None, {"b": None}, 1.5],
        "c": "überrascht",
    }
    assert "überrascht" in line


@given(values=st.dictionaries(st.text(), VALUES))
def test_whatever_is_printed_is_one_line_of_json(values) -> None:
    from contextlib import redirect_stdout
    from io import StringIO

    with redirect_stdout(StringIO()) as out:
        print_json(values)
    (line,) = out.getvalue().rstrip("\n").split("\n")
    assert json.loads(line, parse_constant=reject).keys() >= values.keys()
