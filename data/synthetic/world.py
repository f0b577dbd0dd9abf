"""The synthetic world: a known law by which invented people hold values and answer questions.

Scales run from 0 to 1 in the order of their codes ("unit coordinates"). A person's place on the two axes of
the cultural map gives ten correlated item answers; the item answers give the law of each target answer, each
by itself, two together, and beyond thresholds. So a respondent's target answers depend on nothing that the
ten items do not carry. Who people are goes with their place, and so does who is silent. Each of these is a
cause that can be switched off; without any, the world is that of 0.1.0.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from value_personas.data.codebooks.instruments import load_instrument
from value_personas.signatures import Array, Frozen, Integers

_INSTRUMENT = "inglehart-welzel"

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Causes(Frozen):
    """What is at work in the synthetic world beside each value item by itself, from 0, not at all, to 1.

    Attributes:
        demographics: how far sex, age, education, income and denomination go with values; nobody is asked for
            them at 0.
        interactions: how far values work together on a target answer.
        thresholds: how far a value works at once where it passes a point.
        silence: how far it depends on values who gives no answer.
    """

    demographics: Share = 1.0
    interactions: Share = 1.0
    thresholds: Share = 1.0
    silence: Share = 1.0


@dataclass(frozen=True, slots=True)
class SyntheticCountry:
    """An invented country.

    Attributes:
        alpha3: a code that ISO 3166 leaves to users.
        numeric: likewise.
        name: its name.
        place: its people's mean on (survival–self-expression, traditional–secular), in standard units.
        urban: the share of townspeople in its population.
        religion: the code of the denomination that its religious belong to.
    """

    alpha3: str
    numeric: int
    name: str
    place: tuple[float, float]
    urban: float
    religion: int


@dataclass(frozen=True, slots=True)
class FactLaw:
    """How far a fact goes with a person's two deviations from the country's place.

    Attributes:
        slopes: on the deviations, in standard units.
        shares: of the codes, in their order; empty for years.
        years: the youngest and the oldest.
    """

    slopes: tuple[float, float]
    shares: tuple[float, ...] = ()
    years: tuple[int, int] = (0, 0)

    def draw(self, away: Array, strength: float, rng: np.random.Generator) -> Array:
        """One value a person: a position in the order of the codes, or years.

        Args:
            away: shape (n, 2), deviations in standard units.
            strength: by which the slopes are multiplied, 0–1.
            rng: the source of the rest.
        """
        slopes = strength * np.asarray(self.slopes)
        rest = np.sqrt(1.0 - float(slopes @ slopes))
        latent = away @ slopes + rest * rng.standard_normal(len(away))
        if self.shares:
            cuts = [NormalDist().inv_cdf(float(cut)) for cut in np.cumsum(self.shares)[:-1]]
            return np.asarray(np.searchsorted(cuts, latent), dtype=np.float64)
        first, last = self.years
        share = np.array([NormalDist().cdf(value) for value in latent.tolist()])
        return np.asarray(np.floor(first + (last - first) * share**_YOUNGER))


_YOUNGER = 1.3
"""Above 1, so that the young are more than the old."""


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

    def answer(self, places: Array, rng: np.random.Generator) -> Integers:
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
        together: pairs of item codes → c.
        beyond: item code → (where it passes a point, by how much it then works).
    """

    code: str
    centre: float
    spread: float
    loadings: Mapping[str, float]
    together: Mapping[tuple[str, str], float] = field(default_factory=dict)
    beyond: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def location(self, items: Mapping[str, Array]) -> Array:
        """The location u, for item answers x in unit coordinates, shape (n,) each.

        u = centre + Σ b·(x − ½) + Σ 4c·(x − ½)(y − ½) + Σ ±by/2, the last + where x ≥ at, else −.
        """
        terms = [b * (items[item] - 0.5) for item, b in self.loadings.items()]
        terms += [4.0 * c * (items[x] - 0.5) * (items[y] - 0.5) for (x, y), c in self.together.items()]
        terms += [np.where(items[x] >= at, 0.5 * by, -0.5 * by) for x, (at, by) in self.beyond.items()]
        return np.asarray(self.centre + np.sum(terms, axis=0), dtype=np.float64)

    def probabilities(self, items: Mapping[str, Array], options: int) -> Array:
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
        away: shape (n, 2), deviations from the country's place on both axes, in standard units.
    """

    urban: NDArray[np.bool_]
    answers: Mapping[str, Integers]
    levels: Mapping[str, int]
    away: Array

    @property
    def items(self) -> dict[str, Array]:
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
        facts: how sociodemographics go with values; empty where nobody is asked for them.
        fact_strength: by which their slopes are multiplied.
        silence: by how much the logarithm of a missing answer's odds grows for each standard unit of a
            person's deviation toward survival values.
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
    facts: Mapping[str, FactLaw]
    fact_strength: float
    silence: float

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
        levels = {code: len(item.thresholds) + 1 for code, item in self.items.items()}
        strata = self.urban_shift**2 * country.urban * (1.0 - country.urban)
        away = (places - np.asarray(country.place)) / np.sqrt(self.deviation**2 + strata)
        return People(urban, answers, levels, away)

    def missing(self, share: float, people: People) -> Array:
        """The chance that each of some people gives no answer, shape (n,); about ``share`` on average."""
        if not self.silence:
            return np.full(len(people.away), share)
        lean = np.exp(-self.silence * people.away[:, 0] - 0.5 * self.silence**2)
        return np.minimum(share * lean, _MOST_SILENT)


_MOST_SILENT = 0.6
"""Nobody is more likely than this to give no answer."""


@cache
def load_world(causes: Causes = Causes()) -> World:  # noqa: B008  it is frozen
    """The world of ``world.toml``, with some of its causes or all."""
    written = tomllib.loads((Path(__file__).parent / "world.toml").read_text(encoding="utf-8"))
    return World(
        countries={
            code: SyntheticCountry(
                code, row["numeric"], row["name"], tuple(row["place"]), row["urban"], row["religion"]
            )
            for code, row in written["countries"].items()
        },
        items=_items(written["items"]),
        targets={
            code: _target(code, row, written["interplay"], causes) for code, row in written["targets"].items()
        },
        facts={name: _fact(row) for name, row in written["facts"].items() if causes.demographics},
        fact_strength=causes.demographics,
        silence=causes.silence * written["silence"]["lean"],
        aims={kind: tuple(labels) for kind, labels in written["aims"].items()},
        **written["people"],
    )


def _target(
    code: str, row: Mapping[str, Any], interplay: Mapping[str, Mapping[str, Any]], causes: Causes
) -> AnswerLaw:
    together = {
        (pair[:4], pair[5:]): causes.interactions * c
        for pair, c in interplay["together"].get(code, {}).items()
        if causes.interactions
    }
    beyond = {
        item: (point["at"], causes.thresholds * point["by"])
        for item, point in interplay["beyond"].get(code, {}).items()
        if causes.thresholds
    }
    return AnswerLaw(code, row["centre"], row["spread"], row["loadings"], together, beyond)


def _fact(row: Mapping[str, Any]) -> FactLaw:
    return FactLaw(tuple(row["slopes"]), tuple(row.get("shares", ())), tuple(row.get("years", (0, 0))))


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
