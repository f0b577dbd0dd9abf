"""What knows nothing, beneath a table on the terminal, and who is no better."""

from collections.abc import Iterator, Sequence

import pandas as pd


def null_lines(nulls: pd.DataFrame | None) -> "Iterator[tuple[str, pd.Series[float]]]":
    """Each null's name and mean scores."""
    groups = () if nulls is None or nulls.empty else nulls.groupby("method", sort=False)
    for null, scores in groups:
        yield str(null), scores.set_index("score")["mean"]


def beside_nothing(names: Sequence[str], where: str = "", score: str = "Wasserstein") -> str:
    """The last line of a table: which of its methods are not shown to be better than every option alike."""
    return f"not shown to be better than uniform{where} ({score}): {', '.join(names)}"
