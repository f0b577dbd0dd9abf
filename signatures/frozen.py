"""The one kind of model that settings and records are kept in."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Checked when it is made, never changed after, and without any field that its class does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid")
