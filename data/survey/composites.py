"""Value items that are built from several questions: post-materialism and the autonomy index."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from value_personas.data.codebooks.codebook import StoredItem
from value_personas.data.codebooks.file import AimsRule, AutonomyRule
from value_personas.data.codebooks.missing import code_of_kind
from value_personas.data.codebooks.scales import StoredScale, code_list
from value_personas.data.survey.decoding import Coded, ColumnFacts, decode

__all__ = ["build_item"]

Column = Callable[[str], tuple["pd.Series[float] | pd.Series[str]", ColumnFacts]]


def build_item(item: StoredItem, stored: StoredScale, missing: Mapping[float, str], column: Column) -> Coded:
    """Build a composite item.

    Args:
        item: an item with a build rule.
        stored: the item's scale in its instrument.
        missing: code → kind for the parts.
        column: gives the values and facts of a column by the codebook's name.

    Returns:
        Shape (n,), positions on the item's scale; where a part is missing, the kind of the first such part.
    """
    if isinstance(item.build, AimsRule):
        return _post_materialism(item.build, stored, missing, column)
    assert isinstance(item.build, AutonomyRule)
    return _autonomy(item.build, stored, missing, column)


def _parts(names: list[str], codes: list[float], missing: Mapping[float, str], column: Column) -> list[Coded]:
    """The parts as positions in ``codes``, whose last entries may be one answer under several codes."""
    return [decode(values, code_list(codes), missing, facts) for values, facts in map(column, names)]


def _post_materialism(
    rule: AimsRule, stored: StoredScale, missing: Mapping[float, str], column: Column
) -> Coded:
    """Both aims materialist → the lowest option, both post-materialist → the highest, else the middle one."""
    aims = _parts([rule.first, rule.second], [*rule.materialist, *rule.post_materialist], missing, column)
    post = [part >= len(rule.materialist) for part in aims]
    position = (post[0].astype(np.int8) + post[1].astype(np.int8)).astype(np.int8)
    return _keep_missing(position, aims)


def _autonomy(rule: AutonomyRule, stored: StoredScale, missing: Mapping[float, str], column: Column) -> Coded:
    """Qualities of autonomy mentioned − qualities of obedience mentioned, −2 … +2."""
    codes = [*rule.not_mentioned, rule.mentioned]
    names = [*rule.plus, *rule.minus]
    parts = _parts(names, codes, missing, column)
    mentioned = [(part == len(codes) - 1).astype(np.int8) for part in parts]
    index = sum(mentioned[: len(rule.plus)]) - sum(mentioned[len(rule.plus) :])
    lookup = np.vectorize(stored.positions.__getitem__, otypes=[np.int8])
    return _keep_missing(lookup(np.asarray(index, dtype=np.float64)), parts)


def _keep_missing(position: Coded, parts: list[Coded]) -> Coded:
    result = position.copy()
    for part in reversed(parts):
        result[part < 0] = part[part < 0]
    assert result.min(initial=0) >= code_of_kind("unreadable")
    return result
