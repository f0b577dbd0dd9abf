"""The tables of an audit."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from value_personas.experiments.audit.human import HumanMeans
from value_personas.programs import Judged, movement_matrix, off_diagonal_mean
from value_personas.signatures import Array, ValueItem


def recovery_table(judged: Mapping[str, Judged]) -> pd.DataFrame:
    """One row a statement: how well the judge recovers the answer it stands for.

    Returns:
        Columns statement (the kind), item, score, wording, text, expected_error (scale points), scaled_error
        (share of the scale), right (whether the likeliest answer is the one meant), mean (score points).
    """
    rows = []
    for kind, answers in judged.items():
        items = {item.code: item for item in answers.items}
        for row, statement in enumerate(answers.statements):
            scale = items[statement.item].scale
            p, error = answers.own_distribution(row), answers.expected_error(row)
            known = not np.isnan(error)
            rows.append(
                {
                    "statement": kind,
                    "item": statement.item,
                    "score": statement.score,
                    "wording": statement.wording,
                    "text": statement.text,
                    "expected_error": error,
                    "scaled_error": error / scale.span,
                    "right": known and scale.scores[int(np.argmax(p))] == statement.score,
                    "mean": float(p @ scale.values),
                }
            )
    return pd.DataFrame(rows)


def spill_over_table(
    judged: Mapping[str, Judged], human: HumanMeans
) -> tuple[dict[str, Array], pd.DataFrame]:
    """How far each item's answer moves the others.

    Returns:
        ``human`` and every kind of statement → shape (I, I); and the same in long form with the columns
        statement, given, item, human, judged.
    """
    items = next(iter(judged.values())).items
    matrices = {"human": movement_matrix(human.conditional, human.shares)}
    for kind, answers in judged.items():
        conditional = [answers.conditional_means(item.code) for item in items]
        matrices[kind] = movement_matrix(conditional, human.shares)
    rows = [
        {"statement": kind, "given": given.code, "item": item.code, "human": people, "judged": found}
        for kind, matrix in matrices.items()
        if kind != "human"
        for given, to, from_people in zip(items, matrix, matrices["human"], strict=True)
        for item, found, people in zip(items, to.tolist(), from_people.tolist(), strict=True)
    ]
    return matrices, pd.DataFrame(rows)


def summary_table(
    judged: Mapping[str, Judged], recovery: pd.DataFrame, matrices: Mapping[str, Array]
) -> pd.DataFrame:
    """One row a kind of statement, with one number for recovery and one for spill-over.

    Returns:
        Columns statement, recovery_error (expected absolute error as a share of the scale, items counting
        alike), right (share of statements whose likeliest answer is the one meant), monotone (share of items
        whose judged means rise with every answer), wording_spread (standard deviation of a statement's
        judged mean over its wordings, as a share of the scale), spill_over, human_movement and
        excess_spill_over (off-diagonal means, shares of the scale), missing (answers).
    """
    people = off_diagonal_mean(matrices["human"])
    rows = []
    for kind, answers in judged.items():
        own = recovery[recovery["statement"] == kind]
        moved = off_diagonal_mean(matrices[kind])
        rows.append(
            {
                "statement": kind,
                "recovery_error": float(own.groupby("item")["scaled_error"].mean().mean()),
                "right": float(own["right"].mean()),
                "monotone": _monotone_share(answers),
                "wording_spread": _wording_spread(own, answers.items),
                "spill_over": moved,
                "human_movement": people,
                "excess_spill_over": moved - people,
                "missing": answers.missing,
            }
        )
    return pd.DataFrame(rows)


def _monotone_share(answers: Judged) -> float:
    """The share of items on which a higher answer is always judged higher."""
    rising = [
        bool((np.diff(answers.conditional_means(item.code)[:, column]) > 0).all())
        for column, item in enumerate(answers.items)
    ]
    return float(np.mean(rising))


def _wording_spread(own: pd.DataFrame, items: Sequence[ValueItem]) -> float:
    """NaN where every answer has one wording."""
    span = {item.code: item.scale.span for item in items}
    spread = own.groupby(["item", "score"])["mean"].std(ddof=1).dropna()
    codes = spread.index.get_level_values("item")
    return float((spread / [span[code] for code in codes]).mean()) if len(spread) else float("nan")
