from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge import recipe
from fer_edge.search.space import MULTIPLE, Space, describe, digest


class Drawn:
    """A trial with values drawn by hypothesis."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def suggest_int(self, _: str, low: int, high: int, *, step: int = 1) -> int:
        return self._data.draw(st.sampled_from(range(low, high + 1, step)))

    def suggest_float(self, _: str, low: float, high: float, *, step: float) -> float:
        return low + step * self._data.draw(st.integers(0, round((high - low) / step)))

    def suggest_categorical(self, _: str, choices: Any) -> Any:
        return self._data.draw(st.sampled_from(choices))


class Given:
    """A trial with fixed parameters."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int:
        assert self._values[name] in range(low, high + 1, step)
        return self._values[name]

    def suggest_float(self, name: str, low: float, high: float, *, step: float) -> float:
        assert low <= self._values[name] <= high
        return self._values[name]

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        assert self._values[name] in choices
        return self._values[name]


@given(st.data(), st.sampled_from(["nano", "nano-lean", "small-lean", "base"]))
def test_widths_are_those_that_kernels_like(data, name):
    base = recipe.load(name).model
    net = Space(base).draw(Drawn(data))
    before = net.stem[-1].width
    widths = [part.width for part in net.stem] + [net.features]
    for stage in net.stages:
        widths += [stage.width, *stage.inside]
        assert len(stage.inside) in (0, stage.repeats)
        assert stage.kernel in (3, 5)
        assert (stage.expanded(0, before) is None) == (stage.expansion == 1)
        before = stage.width
    assert all(width % MULTIPLE == 0 for width in widths)
    strides = [part.stride for part in (*net.stem, *net.stages)]
    assert strides[0] == 2
    assert 48 >> strides.count(2) >= 3


@pytest.mark.parametrize("name", ["demo", "nano", "nano-lean", "small-lean", "base", "base-lean"])
def test_the_search_begins_at_the_recipe(name):
    base = recipe.load(name).model
    space = Space(base)
    net = space.draw(Given(space.start))
    assert [stage.repeats for stage in net.stages] == [stage.repeats for stage in base.stages]
    assert [part.stride for part in net.stem] == [part.stride for part in base.stem]
    for own, found in zip(base.stages, net.stages, strict=True):
        assert abs(own.width - found.width) <= MULTIPLE / 2


def test_an_architecture_is_what_it_computes():
    net = recipe.load("nano").model
    assert digest(net) == digest(net.model_copy(update={"dropout": 0.3}))
    assert digest(net) != digest(net.model_copy(update={"features": 112}))
    assert describe(net) == "16s2,32 | 40x5 e2 s2, 56x2 e2 s2 | 96"
