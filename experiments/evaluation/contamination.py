"""What a model knew of the published results: whether forecasts are nearest to their own country's.

A forecast that is as near to other countries' shares as to its own country's tells what is usual, and
nothing that was learnt of the country. One that is nearer to its own may rest on what is known of the country
in general or on the survey's published tables: to set these apart, ask what was not public.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from value_personas.experiments.inference import clustered_means, units_of, zones_of
from value_personas.experiments.scoring import score_array
from value_personas.programs.personas import parse_kind
from value_personas.signatures import Array

_SCORE = "wasserstein"


def contamination(estimates: pd.DataFrame, kinds: Sequence[str], level: float) -> pd.DataFrame:
    """How near each forecast of a named country comes to its own published shares, and to other countries'.

    Args:
        estimates: as of ``Judgement``: columns method, country, question, score, human, predicted.
        kinds: the persona kinds that were asked.
        level: of the intervals, 0–1.

    Returns:
        A row for each kind that forecasts a named country, where two countries or more were asked: method,
        own (mean Wasserstein distance from the country's own shares, 0–1), others (the mean over all other
        countries'), nearer (others − own; 0 where nothing of the country is known), lower, upper, nearest
        (the share of cells that no other country's shares come nearer to), chance (that share, were
        countries forecast at random), countries, cells.
    """
    rows = []
    for kind in kinds:
        spec = parse_kind(kind)
        if spec.forecasts and spec.names_country:
            countries, distances = _distances(estimates[estimates["method"] == kind])
            if len(countries) > 1:
                rows.append({"method": kind, **_told(countries, distances, level)})
    return pd.DataFrame(rows, columns=_COLUMNS)


_COLUMNS = [
    *("method", "own", "others", "nearer", "lower", "upper", "nearest", "chance", "countries", "cells"),
]


def _distances(estimates: pd.DataFrame) -> tuple[list[str], Array]:
    """The countries, and each one's forecast (rows) from each one's shares (columns): shape (C, C, M)."""
    countries = estimates["country"].unique().tolist()
    by_question = []
    for _, cells in estimates.groupby("question", sort=False):
        scale = cells["score"].unique().astype(np.float64)
        human, predicted = (
            cells.pivot_table(index="country", columns="score", values=side, dropna=False).reindex(
                index=countries, columns=scale
            )
            for side in ("human", "predicted")
        )
        forecast = predicted.to_numpy()[:, None]
        from_each = [
            score_array(np.broadcast_to(shares, forecast.shape), forecast, [scale], [_SCORE])[_SCORE]
            for shares in human.to_numpy()
        ]
        by_question.append(np.stack(from_each, axis=1))
    return countries, np.concatenate(by_question, axis=2)


def _told(countries: list[str], distances: Array, level: float) -> dict[str, float]:
    own = np.einsum("ccm->cm", distances)
    others = np.where(np.eye(len(countries), dtype=bool)[:, :, None], np.nan, distances)
    known = ~np.isnan(own) & (~np.isnan(others)).any(axis=1)
    elsewhere = np.nanmean(np.where(known[:, None], others, 0.0), axis=1)
    nearer = np.where(known, elsewhere - own, np.nan)
    found = clustered_means(nearer[None], units_of(list(zones_of(countries).values())), level=level)
    rivals = (~np.isnan(others)).sum(axis=1)[known]
    nearest = own[known] <= np.nanmin(np.where(known[:, None], others, 0.0), axis=1)[known]
    return {
        "own": float(own[known].mean()),
        "others": float(elsewhere[known].mean()),
        "nearer": float(found.point[0]),
        "lower": float(found.lower[0]),
        "upper": float(found.upper[0]),
        "nearest": float(nearest.mean()),
        "chance": float((1.0 / (1.0 + rivals)).mean()),
        "countries": len(countries),
        "cells": int(known.sum()),
    }


def contamination_notes(table: pd.DataFrame) -> Iterator[str]:
    """One sentence a row."""
    for row in table.to_dict("records"):
        known = "knows" if row["lower"] > 0 else "is not shown to know"
        yield (
            f"{row['method']}: {row['own']:.3f} from the country's own shares, {row['others']:.3f} from "
            f"other countries' (Wasserstein; nearer by {row['nearer']:.3f}, {row['lower']:.3f} to "
            f"{row['upper']:.3f}); its own are the nearest in {row['nearest']:.0%} of cells, by chance "
            f"{row['chance']:.0%}: the model {known} something of these countries' answers beforehand"
        )
