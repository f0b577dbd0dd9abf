"""What every table of a recipe is."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Section"]


class Section(BaseModel):
    """A table of a recipe: frozen, and without a key that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")
