"""The base class of all recipe sections."""

import logging
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

logger = logging.getLogger(__name__)


class Section(BaseModel):
    """A frozen section of a recipe. Unknown keys are errors, so that a typo cannot change a run.

    Numbers must be finite. A renamed key declares its old name as `serialization_alias`: the old
    name is still accepted, with a warning, and is used in the fingerprints of runs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def settings(self, **options: Any) -> dict[str, Any]:
        """The values that differ from their defaults, for the fingerprint of a stage.

        Defaults are omitted and renamed keys use their first name, so that later versions still
        recognize the run.

        Args:
            **options: further arguments of pydantic's `model_dump`.
        """
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True, **options)

    @model_validator(mode="before")
    @classmethod
    def _read_old_names(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        old_names = {field.serialization_alias: name for name, field in cls.model_fields.items()}
        for old in values.keys() & old_names.keys():
            new = old_names[old]
            if new in values:
                raise ValueError(f"{old} is the old name of {new}: give only {new}")
            _warn_renamed(old, new)
            values = {new if key == old else key: value for key, value in values.items()}
        return values


@cache  # one line, even if several sections use the old name
def _warn_renamed(old: str, new: str) -> None:
    logger.warning("recipe: %s is now called %s; the old name is still accepted", old, new)
