"""Which of an instrument's items personas tell of: all, those of one axis, or those without near targets."""

from collections.abc import Sequence
from typing import Literal

from value_personas.signatures import Question, RecipeError, ValueItem

ItemSet = Literal["all", "survival-self-expression", "traditional-secular", "without-near"]

ITEM_SETS: tuple[ItemSet, ...] = ("all", "survival-self-expression", "traditional-secular", "without-near")
"""``without-near`` leaves out every item to which a question that is asked is close in content, so that what
remains of a prediction's quality cannot come from asking nearly the same thing twice."""


def chosen_items(
    wanted: ItemSet | Sequence[str], items: Sequence[ValueItem], questions: Sequence[Question]
) -> tuple[ValueItem, ...]:
    """The items of a set, in the order of the instrument.

    Args:
        wanted: the name of a set, or item codes.
        items: the items that the survey has.
        questions: what is asked.

    Raises:
        RecipeError: when a code is not among the items, or nothing is left.
    """
    chosen = tuple(item for item in items if item.code in _codes(wanted, items, questions))
    if not chosen:
        raise RecipeError(f"profiles.items: {wanted!r} leaves no item of those that the survey has")
    return chosen


def _codes(
    wanted: ItemSet | Sequence[str], items: Sequence[ValueItem], questions: Sequence[Question]
) -> set[str]:
    known = {item.code for item in items}
    if not isinstance(wanted, str):
        if unknown := [code for code in wanted if code not in known]:
            raise RecipeError(f"profiles.items: no item {unknown[0]!r}; there are {', '.join(sorted(known))}")
        return set(wanted)
    if wanted == "all":
        return known
    if wanted == "without-near":
        asked = {question.ivs for question in questions}
        return {item.code for item in items if not asked & set(item.near)}
    return {item.code for item in items if item.axis == wanted.replace("-", "_")}
