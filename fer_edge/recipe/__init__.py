"""Recipes: typed and validated settings of a run, read from TOML files."""

from fer_edge.recipe.compression_sections import Adjust, Channels, Cluster, Prune, Quantize
from fer_edge.recipe.data_sections import Augment, Data, DataSource
from fer_edge.recipe.file import load, names, of_teacher
from fer_edge.recipe.quick import quick
from fer_edge.recipe.sections import Bench, Export, Recipe
from fer_edge.recipe.training_sections import Phase, Teacher, Train

__all__ = [
    "Adjust",
    "Augment",
    "Bench",
    "Channels",
    "Cluster",
    "Data",
    "DataSource",
    "Export",
    "Phase",
    "Prune",
    "Quantize",
    "Recipe",
    "Teacher",
    "Train",
    "load",
    "names",
    "of_teacher",
    "quick",
]
