"""What every section of a recipe has in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A frozen part of a recipe: unknown keys are errors, so that a typing slip changes no run."""

    model_config = ConfigDict(frozen=True, extra="forbid")
