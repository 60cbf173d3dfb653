"""A recipe: every number that a run depends on, typed, validated, from a TOML file."""

from fer_edge.recipe.file import load, names, of_teacher
from fer_edge.recipe.quick import quick
from fer_edge.recipe.sections import (
    Adjust,
    Augment,
    Bench,
    Channels,
    Cluster,
    Data,
    DataSource,
    Export,
    Phase,
    Prune,
    Quantize,
    Recipe,
    Teacher,
    Train,
)

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
