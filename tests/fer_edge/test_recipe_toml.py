import pytest

from fer_edge import recipe as recipes
from fer_edge.recipe import toml

from .conftest import NEEDS_INIT


@pytest.mark.parametrize("name", [name for name in recipes.names() if name not in NEEDS_INIT])
def test_what_is_written_is_read_again(name, tmp_path):
    recipe = recipes.load(name)
    path = tmp_path / "again.toml"
    path.write_text(toml.dumps(recipe))
    assert recipes.load(str(path)) == recipe
