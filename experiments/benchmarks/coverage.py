"""Do the 95 % intervals hold the truth 95 % of the time? Simulated crossed data with a known mean.

``python -m value_personas.experiments.benchmarks.coverage`` simulates and rewrites ``results/coverage.json``.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from value_personas.experiments.inference import (
    clustered_means,
    clustered_slopes,
    sign_flip_p,
    unit_totals,
    units_of,
    wilcoxon_p,
)
from value_personas.signatures import Array

RESULTS = Path(__file__).parent / "results" / "coverage.json"
SIMULATIONS = 2000
_PATTERNS = 999


@dataclass(frozen=True, slots=True)
class Design:
    """One kind of crossed data: two methods' errors, their parts' standard deviations.

    Attributes:
        countries: how many.
        questions: how many.
        country: of each method's own country effects.
        question: of its question effects.
        cell: of what countries and questions do not explain.
        shared: of country, question and cell effects that both methods share, as a multiple of their own.
        zone: of an effect shared by the five countries of a zone; the index of the slope goes by zones too.
        personas: of the error that sampling the personas adds to a cell, and as much to a whole country;
            drawn anew in every simulation and handed on as replicates.
        heavy: whether effects have the tails of Student's t with three degrees of freedom.
        asked: the least share of questions that a country was asked; between it and 1 by country.
        why: where coverage cannot be had within .93 and .97, the reason.
    """

    countries: int
    questions: int
    country: float = 0.03
    question: float = 0.03
    cell: float = 0.05
    shared: float = 1.0
    zone: float = 0.0
    personas: float = 0.0
    heavy: bool = False
    asked: float = 1.0
    why: str = ""


_CELLS = "where single cells alone differ, the larger of the two clusterings errs on the wide side"
_FIVE = "of five units no sign pattern is rarer than p = .0625, so that these two tests find nothing"
_FEW = "of so few units a variance is known badly: means err to the wide side, slopes to the narrow one"
DESIGNS = {
    "5 countries, 24 questions": Design(5, 24, why=_FIVE),
    "8 countries, 24 questions": Design(8, 24),
    "12 countries, 24 questions": Design(12, 24, why=_FEW),
    "20 countries, 40 questions": Design(20, 40),
    "60 countries, 60 questions": Design(60, 60),
    "8 zones of 5 countries, zone SD .02": Design(40, 40, 0.02, zone=0.02, why=_FEW),
    "8 zones of 5 countries, zone SD .03": Design(40, 40, 0.02, zone=0.03, why=_FEW),
    "8 zones of 5 countries, zone SD .04": Design(40, 40, 0.02, zone=0.04, why=_FEW),
    "question-dominated, 30 × 8": Design(30, 8, 0.005, 0.05, 0.02),
    "question-dominated, 60 × 24": Design(60, 24, 0.01, 0.05, 0.03),
    "cell noise alone, 20 × 40": Design(20, 40, 0.0, 0.0, 0.08, why=_CELLS),
    "heavy tails, 20 × 40": Design(20, 40, heavy=True),
    "correlated methods, 20 × 40": Design(20, 40, 0.01, 0.01, 0.02, shared=5.0),
    "unequal asking, 20 × 40": Design(20, 40, asked=0.1),
    "personas inside, 20 × 40": Design(20, 40, personas=0.02),
    "personas inside, 8 × 24": Design(8, 24, personas=0.02),
}

TRUTH = (0.20, 0.15)


def simulate_coverage(design: Design, simulations: int = SIMULATIONS) -> dict[str, float]:
    """How often 95 % intervals hold the truth, and how often p < .05 finds what is not there.

    Returns:
        Shares of simulations: of each method's mean, their difference, the slope of the second method's
        errors on an index that has nothing to do with them, and the sizes, shares of p < .05 for a
        difference of 0: of the clustered p, and of the sign-flip and Wilcoxon's p, which are for these very
        questions, where it is 0 in each of them.
    """
    hits = np.zeros(7)
    for number in range(simulations):
        rng = np.random.default_rng(np.random.SeedSequence(20_260_516, spawn_key=(number,)))
        errors, replicates, index, of_questions = _simulate(design, rng)
        zones = [str(c // 5) if design.zone else str(c) for c in range(design.countries)]
        units = units_of(zones)
        three = np.stack([*errors, errors[1] - errors[0]])
        drawn = None
        if replicates is not None:
            drawn = np.concatenate([replicates, replicates[:, 1:] - replicates[:, :1]], axis=1)
        got = clustered_means(three, units, replicates=drawn)
        truth = np.array([*TRUTH, TRUTH[1] - TRUTH[0]])
        hits[:3] += (got.lower <= truth) & (truth <= got.upper)
        slope = clustered_slopes(
            three[1:2], index, units, replicates=None if drawn is None else drawn[:, 1:2]
        )
        hits[3] += slope.lower[0] <= 0.0 <= slope.upper[0]
        null = clustered_means(
            three[2:] - truth[2], units, replicates=None if drawn is None else drawn[:, 2:]
        )
        hits[4] += null.p[0] < 0.05
        totals, means = unit_totals(three[2] - truth[2] - of_questions, units)
        hits[5] += sign_flip_p(totals, draws=_PATTERNS, seed=number) < 0.05
        hits[6] += wilcoxon_p(means) < 0.05
    sizes = ("size", "size of sign flip", "size of Wilcoxon")
    names = ("first method", "second method", "difference", "slope", *sizes)
    return {name: float(share) for name, share in zip(names, hits / simulations, strict=True)}


def _simulate(design: Design, rng: np.random.Generator) -> tuple[Array, Array | None, Array, Array]:
    """Errors, their replicates, the slope's index, and by how much a question moves the difference."""
    c, q = design.countries, design.questions

    def effects(spread: float, *shape: int) -> Array:
        if design.heavy:
            return np.asarray(spread * rng.standard_t(3, shape) / np.sqrt(3.0))
        return rng.normal(0.0, spread, shape)

    errors = np.array(TRUTH)[:, None, None] + np.zeros((2, c, q))
    of_questions = np.zeros(q)
    for spread, shape in ((design.country, (c, 1)), (design.question, (1, q)), (design.cell, (c, q))):
        own = effects(spread, 2, *shape)
        errors = errors + own + effects(design.shared * spread, 1, *shape)
        if shape == (1, q):
            of_questions = own[1, 0] - own[0, 0]
    zone = np.arange(c) // 5
    errors = errors + effects(design.zone, 2, zone.max() + 1)[:, zone, None]
    index = rng.normal(size=zone.max() + 1)[zone] * (design.zone > 0) + 0.5 * rng.normal(size=c)
    if design.asked < 1.0:
        asked = rng.random((c, q)) < rng.uniform(design.asked, 1.0, (c, 1))
        errors = np.where(asked, errors, np.nan)
    if not design.personas:
        return errors, None, index, of_questions

    def sampling(*first: int) -> Array:
        whole, own = ((*first, 2, c, 1), (*first, 2, c, q))
        return rng.normal(0.0, design.personas, whole) + rng.normal(0.0, design.personas, own)

    errors = errors + sampling()
    return errors, errors + sampling(20), index, of_questions


def main() -> None:
    """Simulate every design, print the shares and keep them."""
    kept = {
        "nominal": 0.95,
        "simulations": SIMULATIONS,
        "designs": {name: asdict(d) | {"coverage": simulate_coverage(d)} for name, d in DESIGNS.items()},
    }
    text = json.dumps(kept, indent=2, ensure_ascii=False) + "\n"
    RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
