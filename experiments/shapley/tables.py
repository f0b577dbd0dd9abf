"""Coalitions' errors → players' figures with intervals, and the check that they add up."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from value_personas.experiments.inference import clustered_means, units_of, zones_of
from value_personas.experiments.scoring import SCORES
from value_personas.experiments.shapley.game import Errors
from value_personas.experiments.shapley.planning import Plan, Table
from value_personas.signatures import Array, StatisticsError, mean_of_known

ALL = "all"
"""The country code that stands for all of them."""

COLUMNS = ["player", "name", "country", "score", "value", "lower", "upper"]

TOLERANCE = 1e-9
"""How far the sum of values may be from v(all) − v(∅)."""

_BLOCK_STREAM = 34
"""Keeps the draws of a method's own sampling apart from every other draw of the recipe's seed."""

_BLOCK_DRAWS = 100
"""How often the orders or repetitions that the values rest on are drawn anew."""


class Figures:
    """What the coalitions' errors say of each player, in each country and in all.

    Only cells with an error in every coalition count, so that all figures are of the same cells. ``all`` is
    the mean over cells, as ``run`` reports it: where every country was asked every question, the mean over
    countries.

    Args:
        plan: which coalitions, and how they add up.
        errors: of every coalition and cell.
        countries: C codes.
        score: the name of the errors.
        level: of the intervals.
        seed: of what is drawn anew.
    """

    def __init__(
        self, plan: Plan, errors: Errors, countries: Sequence[str], *, score: str, level: float, seed: int
    ) -> None:
        self._plan, self._countries = plan, countries
        self._score, self._level, self._seed = score, level, seed
        self.known = np.isfinite(errors.cells).all(axis=0)
        if not self.known.any():
            raise StatisticsError(
                "shapley: no cell has an error in every coalition; see the missing answers of the model, or "
                "raise respondent.max_missing"
            )
        self._cells = np.where(self.known, errors.cells, np.nan)
        self._drawn = errors.drawn
        self._units = units_of(list(zones_of(tuple(countries)).values()))
        self._by_country = mean_of_known(np.moveaxis(self._cells, 2, 0))

    def table(self, name: str) -> pd.DataFrame:
        """One of the plan's tables, with intervals.

        An interval tells of other questions, for ``all`` of other countries or zones too, of other persons
        within countries, and of the orders or repetitions that the method itself drew (``clustered_means``),
        on what is stored. Nothing is asked.

        Returns:
            One row for each player × country, ``all`` last, with the columns player, name, country, score,
            value, lower and upper.
        """
        table = self._plan.tables[name]
        cells = _weighted(table.weights.mean(axis=0), self._cells)
        furthest = SCORES[self._score].furthest  # as far as two coalitions' errors, which values are means of
        replicates = self._replicates(name, table, cells)
        rows = []
        for c, country in enumerate((*self._countries, ALL)):
            part = slice(None) if country == ALL else slice(c, c + 1)
            found = clustered_means(
                cells[:, part],
                None if country != ALL else self._units,
                level=self._level,
                replicates=None if replicates is None else replicates[:, :, part],
            )
            lower, upper = (np.clip(end, -furthest, furthest).tolist() for end in (found.lower, found.upper))
            ends = zip(found.point.tolist(), lower, upper, strict=True)
            rows += [
                (player.code, player.name, country, self._score, *one)
                for player, one in zip(table.players, ends, strict=True)
            ]
        return pd.DataFrame(rows, columns=COLUMNS)

    def coalitions(self) -> pd.DataFrame:
        """Every coalition's v: the columns coalition, country, score and value."""
        means = np.column_stack([self._by_country, self._over_all()])
        frames = [
            pd.DataFrame(
                {
                    "coalition": [self._plan.name(coalition) for coalition in self._plan.coalitions],
                    "country": country,
                    "score": self._score,
                    "value": means[:, c],
                }
            )
            for c, country in enumerate((*self._countries, ALL))
        ]
        return pd.concat(frames, ignore_index=True)

    def check(self, values: pd.DataFrame) -> pd.DataFrame:
        """Compare the sum of Shapley values with v(all) − v(∅), in every country and in all.

        Args:
            values: the table ``shapley``.

        Returns:
            Columns country, v_empty, v_all, difference, sum and gap; countries without a cell are left out.

        Raises:
            StatisticsError: when they differ by more than ``TOLERANCE``.
        """
        ends = np.column_stack([self._by_country, self._over_all()])[[0, -1]]
        sums = values.groupby("country", sort=False)["value"].sum(min_count=1)
        frame = pd.DataFrame({"country": [*self._countries, ALL], "v_empty": ends[0], "v_all": ends[1]})
        frame["difference"] = frame["v_all"] - frame["v_empty"]
        frame["sum"] = frame["country"].map(sums)
        frame["gap"] = frame["sum"] - frame["difference"]
        frame = frame.dropna(ignore_index=True)
        if (worst := frame["gap"].abs().max()) > TOLERANCE:
            raise StatisticsError(f"shapley: values do not add up to v(all) − v(∅), they are {worst:.1e} off")
        return frame

    def _over_all(self) -> Array:
        """Shape (S,): the mean over cells."""
        return np.asarray(self._cells[:, self.known].mean(axis=1))

    def _replicates(self, name: str, table: Table, cells: Array) -> Array | None:
        """Shape (L, P, C, M): figures after persons, and what the method sampled, were drawn anew."""
        drawn = self._drawn[name]
        if len(table.weights) < 2:
            return np.where(self.known, drawn, np.nan) if len(drawn) else None
        moved = self._moved_blocks(table.weights)
        persons = drawn[np.arange(len(moved)) % len(drawn)] if len(drawn) else cells[None]
        return np.asarray(np.where(self.known, persons + moved, np.nan))

    def _moved_blocks(self, weights: Array) -> Array:
        """How far figures move when as many blocks are drawn anew with replacement, shape (L, P, C, M).

        A bootstrap of B blocks understates their variance by (B − 1)/B; the root of that is put back.
        """
        b = len(weights)
        rng = np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=(_BLOCK_STREAM,)))
        counts = rng.multinomial(b, np.full(b, 1.0 / b), size=_BLOCK_DRAWS)
        shifts = np.sqrt(b / (b - 1)) * np.tensordot(counts - 1.0, weights, axes=1) / b
        return np.stack([_weighted(shift, self._cells) for shift in shifts])


def _weighted(weights: Array, cells: Array) -> Array:
    """Σ_S w[p, S] · e[S, c, m], shape (P, C, M)."""
    return np.asarray(np.tensordot(weights, cells, axes=1))
