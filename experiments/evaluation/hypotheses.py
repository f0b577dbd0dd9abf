"""What a recipe claims, judged: supported, refuted or undecided, with effect, interval and adjusted p."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from value_personas.experiments.evaluation.judging import Judgement
from value_personas.experiments.inference import (
    Estimates,
    clustered_means,
    clustered_slopes,
    holm,
    units_of,
    zones_of,
)
from value_personas.experiments.recipe.hypotheses import Hypothesis
from value_personas.experiments.scoring import SCORES, heading
from value_personas.experiments.scoring.digits import of_p, three_digits
from value_personas.signatures import Array

_DIGITS = 10
"""Decimals of an error that count, as where methods are compared."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The scores that claims are judged by, of C countries × M questions.

    Attributes:
        scores: row of the table → score → shape (C, M), NaN where undefined.
        drawn: row → score → shape (R, C, M), after personas were drawn anew; rows without are left out.
        countries: C codes.
        near: each question's nearness to the value items.
        index: shape (C,), how poorly each country is represented; None where no index is declared.
    """

    scores: Mapping[str, Mapping[str, Array]]
    drawn: Mapping[str, Mapping[str, Array]]
    countries: Sequence[str]
    near: Sequence[bool]
    index: Array | None = None


def cells_of(judgement: Judgement, index: "pd.Series[float] | None") -> Cells:
    """A run's scores, those of what knows nothing among them."""
    first = next(iter(judgement.errors))
    rows = judgement.cells[judgement.cells["method"] == first]
    countries = tuple(rows["country"].drop_duplicates())
    drawn = judgement.drawn or {}
    return Cells(
        {**judgement.null_errors, **judgement.errors},
        {
            method: {score: values[:, place] for score, values in drawn.items()}
            for place, method in enumerate(judgement.errors)
        },
        countries,
        rows.drop_duplicates("question")["near"].tolist(),
        None if index is None else np.asarray(pd.Series(countries).map(index), dtype=np.float64),
    )


def judge_hypotheses(hypotheses: Sequence[Hypothesis], cells: Cells, level: float) -> pd.DataFrame:
    """Judge each claim.

    Args:
        hypotheses: as the recipe states them.
        cells: the scores.
        level: a claim is supported or refuted where its adjusted p is below 1 − level.

    Returns:
        One row a claim: what it says, effect (the method's error less the other's, or that difference's
        growth with the index), lower, upper, p (that it is no more than the margin), holm_p (adjusted over
        the claims that can be tested), cells, and verdict: ``supported``, ``refuted``, ``undecided``, or
        ``not tested`` with why.
    """
    rows = []
    for one in hypotheses:
        found = _tested(one, cells, level)
        stated = one.model_dump(mode="json")
        if isinstance(found, str):
            nothing = dict.fromkeys(("effect", "lower", "upper", "p", "beyond"), np.nan)
            rows.append(stated | nothing | {"cells": 0, "why": found})
            continue
        loss = SCORES[one.score].cell_loss
        most = np.inf if one.growth else float(loss(np.array(SCORES[one.score].possible)).max())
        beyond = one.margin if one.direction == "lower" else -one.margin
        shifted = replace(found, point=found.point + beyond)
        rows.append(
            stated
            | {
                "effect": float(found.point[0]),
                "lower": float(found.lower.clip(-most)[0]),
                "upper": float(found.upper.clip(max=most)[0]),
                "p": float(shifted.p[0]),
                "beyond": float(shifted.point[0]) * (-1.0 if one.direction == "lower" else 1.0),
                "cells": int(found.cells[0]),
                "why": "",
            }
        )
    table = pd.DataFrame(rows)
    table["holm_p"] = holm(table["p"].to_numpy(np.float64))
    decided = table["holm_p"] < 1.0 - level
    ways = [table["why"] != "", decided & (table["beyond"] > 0), decided]
    table["verdict"] = np.select(ways, ["not tested", "supported", "refuted"], "undecided")
    return table.drop(columns="beyond")


def _tested(one: Hypothesis, cells: Cells, level: float) -> Estimates | str:
    """The effect with its error; why there is none, where it cannot be had."""
    for name in (one.method, one.against):
        if one.score not in cells.scores.get(name, {}):
            return f"there is no row {name} by this score"
    countries, questions = _among(one.among, cells)
    if cells.index is not None and (one.growth or one.among in ("remote", "represented")):
        countries &= ~np.isnan(cells.index)
    elif one.growth or one.among in ("remote", "represented"):
        return "no index of representation is declared (scoring.gap_…)"
    block = np.ix_(countries, questions)
    if not countries.any() or not questions.any():
        return f"there are no such cells ({one.among})"
    score = SCORES[one.score]

    def difference(method: Array, against: Array) -> Array:
        return np.asarray((score.cell_loss(method) - score.cell_loss(against)).round(_DIGITS))

    e = difference(*(cells.scores[name][one.score][block] for name in (one.method, one.against)))
    if np.isnan(e).all():
        return "no cell has both"
    units = units_of([zone for zone, there in zip(_zones(cells), countries, strict=True) if there])
    redrawn = _redrawn(one, cells, block)
    drawn = None if redrawn is None else difference(*redrawn)[:, None]
    if one.growth:
        assert cells.index is not None
        index = cells.index[countries]
        if len(index) < 4 or not index.std() > 0.0:
            return "it takes four countries with an index that differs"
        found = clustered_slopes(e[None], index / index.std(), units, level=level, replicates=drawn)
    else:
        found = clustered_means(e[None], units, level=level, replicates=drawn)
    return "too few countries and questions for an error" if np.isnan(found.p).all() else found


def _redrawn(one: Hypothesis, cells: Cells, block: tuple[Any, ...]) -> tuple[Array, Array] | None:
    """Both rows after personas were drawn anew; one without personas is the same in every draw."""
    found = [cells.drawn.get(name, {}).get(one.score) for name in (one.method, one.against)]
    draws = next((len(drawn) for drawn in found if drawn is not None), 0)
    if not draws:
        return None
    as_is = (cells.scores[name][one.score] for name in (one.method, one.against))
    both = [
        np.broadcast_to(values, (draws, *values.shape)) if drawn is None else drawn
        for drawn, values in zip(found, as_is, strict=True)
    ]
    every: tuple[Any, ...] = (slice(None), *block)
    return both[0][every], both[1][every]


def _zones(cells: Cells) -> list[str]:
    return list(zones_of(cells.countries).values())


def _among(name: str, cells: Cells) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which countries and which questions a claim is of; shapes (C,) and (M,)."""
    countries, questions = np.ones(len(cells.countries), dtype=bool), np.ones(len(cells.near), dtype=bool)
    if name in ("near", "far"):
        return countries, np.array(cells.near) == (name == "near")
    if name in ("remote", "represented"):
        if cells.index is None:
            return countries, questions
        above = cells.index > np.nanmedian(cells.index)
        return (above if name == "remote" else ~above), questions
    return (countries if name == "all" else np.array(_zones(cells)) == name), questions


def stated_lines(claims: Sequence[Hypothesis], digest: str) -> list[str]:
    """Claims before anything is asked, with their recipe's hash; none without claims."""
    if not claims:
        return []
    head = f"claims, stated before anything is asked (recipe {digest[:12]}):"
    return [head, *(f"{place}. {_stated(one)}" for place, one in enumerate(claims, start=1))]


def _stated(one: Hypothesis) -> str:
    margin = f" by {one.margin:g} at least" if one.margin else ""
    among = "" if one.among == "all" else f", {one.among}"
    growth = ", by remoteness" if one.growth else ""
    test = f"{one.method} against {one.against}, {heading(one.score)}: {one.direction}{margin}{among}{growth}"
    return f"{one.claim} ({test})"


def verdict_line(row: Mapping[Hashable, Any]) -> str:
    """A claim with its verdict, effect, interval and adjusted p, in one line."""
    if row["verdict"] == "not tested":
        return f"Not tested: {row['claim']} ({row['why']})."
    effect, lower, upper = (three_digits(row[name], signed=True) for name in ("effect", "lower", "upper"))
    what = f"{row['method']} − {row['against']}, {heading(row['score'])}"
    among = "" if row["among"] == "all" else f", {row['among']}"
    growth = " by remoteness" if row["growth"] else ""
    between = "no interval" if np.isnan(row["lower"]) else f"{lower} to {upper}"
    return (
        f"{str(row['verdict']).capitalize()}: {row['claim']} ({what}{among}{growth}: {effect}, {between}, "
        f"adjusted p {of_p(row['holm_p'])})."
    )
