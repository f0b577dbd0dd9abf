"""The synthetic world: a known law by which invented people hold values and answer questions.

Scales run from 0 to 1 in the order of their codes ("unit coordinates"). A person's place on the two axes of
the cultural map gives ten correlated item answers; the item answers give the law of each target answer. So a
respondent's target answers depend on nothing that the ten items do not carry.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from value_personas.data.codebooks.instruments import load_instrument

__all__ = ["AnswerLaw", "ItemLaw", "People", "SyntheticCountry", "World", "load_world"]

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]

_INSTRUMENT = "inglehart-welzel"


@dataclass(frozen=True, slots=True)
class SyntheticCountry:
    """An invented country.

    Attributes:
        alpha3: a code that ISO 3166 leaves to users.
        numeric: likewise.
        name: its name.
        place: its people's mean on (survival–self-expression, traditional–secular), in standard units.
        urban: the share of townspeople in its population.
    """

    alpha3: str
    numeric: int
    name: str
    place: tuple[float, float]
    urban: float


@dataclass(frozen=True, slots=True)
class ItemLaw:
    """How a place on the map becomes an answer to one value item.

    Attributes:
        code: the item's code.
        weights: how strongly each axis bears on the latent answer, in the direction of the codes.
        noise: the standard deviation of what the map does not explain.
        thresholds: K − 1 rising cuts of the latent answer.
    """

    code: str
    weights: tuple[float, float]
    noise: float
    thresholds: tuple[float, ...]

    def answer(self, places: Floats, rng: np.random.Generator) -> Positions:
        """Draw one answer a person.

        Args:
            places: shape (n, 2).
            rng: the source of the noise.

        Returns:
            Shape (n,), positions in the order of the codes.
        """
        latent = places @ np.asarray(self.weights) + self.noise * rng.standard_normal(len(places))
        return np.asarray(np.searchsorted(self.thresholds, latent), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class AnswerLaw:
    """How the ten item answers become the law of one target answer.

    Attributes:
        code: the question's code.
        centre: u of a person who stands in the middle of every item.
        spread: σ, in unit coordinates.
        loadings: item code → b; items that do not bear on the question are left out.
    """

    code: str
    centre: float
    spread: float
    loadings: Mapping[str, float]

    def location(self, items: Mapping[str, Floats]) -> Floats:
        """The location u = centre + Σ b·(x − ½), for item answers x in unit coordinates, shape (n,) each."""
        terms = [b * (items[item] - 0.5) for item, b in self.loadings.items()]
        return np.asarray(self.centre + np.sum(terms, axis=0), dtype=np.float64)

    def probabilities(self, items: Mapping[str, Floats], options: int) -> Floats:
        """p_k ∝ exp(−(x_k − u)² / 2σ²) with x_k = k / (K − 1).

        Returns:
            Shape (n, K), rows summing to 1.
        """
        distance = np.linspace(0.0, 1.0, options) - self.location(items)[:, None]
        p = np.exp(-(distance**2) / (2.0 * self.spread**2))
        return np.asarray(p / p.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class People:
    """Some inhabitants of one country.

    Attributes:
        urban: shape (n,), who lives in a town.
        answers: item code → positions in the order of the codes, shape (n,).
        levels: item code → the number of its options.
    """

    urban: NDArray[np.bool_]
    answers: Mapping[str, Positions]
    levels: Mapping[str, int]

    @property
    def items(self) -> dict[str, Floats]:
        """Item code → answers in unit coordinates, shape (n,)."""
        return {code: answers / (self.levels[code] - 1) for code, answers in self.answers.items()}


@dataclass(frozen=True, slots=True)
class World:
    """Everything that is known of the synthetic world.

    Attributes:
        countries: by alpha-3 code.
        items: by item code.
        targets: by question code.
        deviation: the standard deviation of people within a stratum, on each axis.
        axis_correlation: between a person's two deviations.
        urban_shift: how far apart the means of town and country people stand, on both axes.
        urban_oversampling: what is added to the townspeople's share in a sample.
        missing_item: the share of missing answers in a column of a value item.
        missing_target: likewise for a target question.
        aims: kind of aim → its labels, in the order of the codebook's rule.
    """

    countries: Mapping[str, SyntheticCountry]
    items: Mapping[str, ItemLaw]
    targets: Mapping[str, AnswerLaw]
    deviation: float
    axis_correlation: float
    urban_shift: float
    urban_oversampling: float
    missing_item: float
    missing_target: float
    aims: Mapping[str, tuple[str, ...]]

    def people(self, country: SyntheticCountry, urban: NDArray[np.bool_], rng: np.random.Generator) -> People:
        """Draw inhabitants of a country.

        Args:
            country: where they live.
            urban: shape (n,), who of them lives in a town.
            rng: the source of all draws.
        """
        covariance = self.deviation**2 * np.array(
            [[1.0, self.axis_correlation], [self.axis_correlation, 1.0]]
        )
        # The shift is centred, so that the country's place is the mean of its population, not of a stratum.
        shift = self.urban_shift * (urban - country.urban)
        places = rng.multivariate_normal(country.place, covariance, size=len(urban)) + shift[:, None]
        answers = {code: item.answer(places, rng) for code, item in self.items.items()}
        return People(urban, answers, {code: len(item.thresholds) + 1 for code, item in self.items.items()})


@cache
def load_world() -> World:
    """The world of ``world.toml``."""
    written = tomllib.loads((Path(__file__).parent / "world.toml").read_text(encoding="utf-8"))
    return World(
        countries={
            code: SyntheticCountry(code, row["numeric"], row["name"], tuple(row["place"]), row["urban"])
            for code, row in written["countries"].items()
        },
        items=_items(written["items"]),
        targets={
            code: AnswerLaw(code, row["centre"], row["spread"], row["loadings"])
            for code, row in written["targets"].items()
        },
        aims={kind: tuple(labels) for kind, labels in written["aims"].items()},
        **written["people"],
    )


def _items(written: Mapping[str, Any]) -> dict[str, ItemLaw]:
    """Turn each item toward its codes: the file states weights toward the axis's upper pole."""
    laws = {}
    for item in load_instrument(_INSTRUMENT).items:
        row = written[item.code]
        own, other = item.sign * row["own"], item.sign * row["other"]
        weights = (own, other) if item.axis == "survival_self_expression" else (other, own)
        cuts = np.cumsum(row["shares"])[:-1]
        laws[item.code] = ItemLaw(
            item.code, weights, row["noise"], tuple(NormalDist().inv_cdf(float(cut)) for cut in cuts)
        )
    return laws
