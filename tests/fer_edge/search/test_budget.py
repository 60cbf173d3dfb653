import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import InputError
from fer_edge import zoo
from fer_edge.search import costs
from fer_edge.search.budget import FLOOR, Budget, cores, parse


def ten(_: str) -> float:
    return 10.0


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("cortex-a72=3.16M", 3.16e6),
        ("cortex-a72=3160k", 3.16e6),
        ("cortex-a72=3.16e6", 3.16e6),
        ("size = 100k", 1e5),
        ("multiply_adds=8M", 8e6),
        ("cortex-a76=0.5x", 5.0),
    ],
)
def test_budgets_are_numbers_or_multiples(text, limit):
    (budget,) = parse([text], ten)
    assert budget.limit == pytest.approx(limit)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["cortex-a99=1M"], "give one of cortex-a53"),
        (["cortex-a72"], "give a value"),
        (["cortex-a72=fast"], "give a value"),
        (["cortex-a72=-1M"], "give a value"),
        (["size=0"], "above 0"),
        (["size=1k", "size=2k"], "twice"),
    ],
)
def test_a_wrong_budget_is_named(texts, message):
    with pytest.raises(InputError, match=message):
        parse(texts, ten)


@given(st.text(max_size=30))
def test_any_text_is_a_budget_or_an_error(text):
    try:
        (budget,) = parse([text], ten)
    except InputError:
        return
    assert budget.limit > 0


def test_shares_and_cores():
    budgets = parse(["cortex-a72=2M", "size=100k"], ten)
    assert cores(budgets) == ["cortex-a72"]
    assert Budget("size", 200.0).share({"size": 100.0}) == 0.5


def test_what_is_far_over_budget_need_not_be_counted():
    (budget,) = parse(["cortex-a72=1M"], ten)
    assert budget.least_share({"multiply_adds": 8e6}) == 2.0
    assert budget.least_share({"multiply_adds": 2e6}) == 0.5
    (budget,) = parse(["size=1k"], ten)
    assert budget.least_share({"size": 500.0}) == 0.5


@pytest.mark.parametrize("name", ["nano", "small", "base"])
def test_no_shipped_net_is_below_the_floor(name):
    card = zoo.find(name).card
    for count in card["files"]["fer2013_int8"]["counts"]:
        multiply_adds = costs.reference_cost(f"zoo:{name}", "multiply_adds")
        assert count["instructions"] > FLOOR[count["core"]] * multiply_adds


def test_references_are_fer_a_shipped_model_or_a_file():
    assert costs.reference_cost("fer", "cortex-a72") == pytest.approx(6.32e6)
    assert 9e6 < costs.reference_cost("zoo:nano", "multiply_adds") < 11e6
    assert 60e3 < costs.reference_cost("zoo:nano", "size") < 90e3
    with pytest.raises(InputError, match="not known"):
        costs.reference_cost("fer", "size")
    with pytest.raises(InputError, match="huge"):
        costs.reference_cost("zoo:huge", "size")
