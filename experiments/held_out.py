"""The scores of cells that had no part in any fitting."""

from dataclasses import dataclass

import pandas as pd

__all__ = ["HeldOut"]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The methods on cells whose country and question had no part in the tuning of any prompt.

    Attributes:
        summary: as of ``RunResult``, over these cells alone.
        floor: likewise.
        countries: C countries.
        questions: M questions; the cells are all C × M.
    """

    summary: pd.DataFrame
    floor: "pd.Series[float]"
    countries: int
    questions: int
