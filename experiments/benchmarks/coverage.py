"""Do the 95 % intervals hold the truth 95 % of the time? Simulated crossed data with a known mean.

``python -m value_personas.experiments.benchmarks.coverage`` simulates and rewrites ``results/coverage.json``.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from value_personas.experiments.inference import crossed_bootstrap

__all__ = ["DESIGNS", "RESULTS", "Design", "simulate_coverage"]

RESULTS = Path(__file__).parent / "results" / "coverage.json"
SIMULATIONS, DRAWS = 2000, 500

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Design:
    """One kind of crossed data: two methods' errors, their parts' standard deviations.

    Attributes:
        countries: how many.
        questions: how many.
        shared: of the country and the question effects that both methods share.
        own: of each method's own country and question effects.
        cell: of what countries and questions do not explain, shared and own each.
        personas: of the error that sampling the personas adds to a cell; drawn anew in every simulation
            and, when above 0, handed to the bootstrap as replicates.
        zone: of an effect shared by all countries of a zone; countries then come in zones of four.
    """

    countries: int
    questions: int
    shared: float
    own: float
    cell: float
    personas: float = 0.0
    zone: float = 0.0


DESIGNS = {
    "20 countries, 40 questions": Design(20, 40, 0.05, 0.03, 0.08),
    "30 countries, 30 questions": Design(30, 30, 0.05, 0.03, 0.08),
    "60 countries, 60 questions": Design(60, 60, 0.05, 0.03, 0.08),
    "30 countries, 30 questions, personas inside": Design(30, 30, 0.05, 0.03, 0.05, personas=0.03),
    "8 zones of 4 countries, 30 questions, zones drawn": Design(32, 30, 0.03, 0.02, 0.05, zone=0.05),
    "20 zones of 4 countries, 30 questions, zones drawn": Design(80, 30, 0.03, 0.02, 0.05, zone=0.05),
}

TRUTH = (0.20, 0.15)


def simulate_coverage(design: Design, simulations: int = SIMULATIONS, draws: int = DRAWS) -> dict[str, float]:
    """The share of simulations whose interval holds the truth: each method's mean, and their difference."""
    hits = np.zeros(3)
    for number in range(simulations):
        rng = np.random.default_rng(np.random.SeedSequence(20_260_516, spawn_key=(number,)))
        errors, replicates = _simulate(design, rng)
        zones = [c // 4 for c in range(design.countries)] if design.zone else None
        got = crossed_bootstrap(errors, draws=draws, seed=number, clusters=zones, replicates=replicates)
        for m, truth in enumerate(TRUTH):
            hits[m] += got.lower[m] <= truth <= got.upper[m]
        hits[2] += got.difference_lower[0] <= TRUTH[1] - TRUTH[0] <= got.difference_upper[0]
    shares = hits / simulations
    return {"first method": shares[0], "second method": shares[1], "difference": shares[2]}


def _simulate(design: Design, rng: np.random.Generator) -> tuple[Array, Array | None]:
    c, q = design.countries, design.questions
    country = rng.normal(0, design.shared, (1, c, 1)) + rng.normal(0, design.own, (2, c, 1))
    question = rng.normal(0, design.shared, (1, 1, q)) + rng.normal(0, design.own, (2, 1, q))
    cell = rng.normal(0, design.cell, (1, c, q)) + rng.normal(0, design.cell, (2, c, q))
    zone = np.repeat(rng.normal(0, design.zone, (2, -(-c // 4), 1)), 4, axis=1)[:, :c]
    errors = np.array(TRUTH)[:, None, None] + country + question + cell + zone
    if not design.personas:
        return errors, None
    errors = errors + rng.normal(0, design.personas, errors.shape)
    return errors, errors + rng.normal(0, design.personas, (50, *errors.shape))


def main() -> None:
    """Simulate every design, print the shares and keep them."""
    kept = {
        "nominal": 0.95,
        "simulations": SIMULATIONS,
        "draws": DRAWS,
        "designs": {name: asdict(d) | {"coverage": simulate_coverage(d)} for name, d in DESIGNS.items()},
    }
    text = json.dumps(kept, indent=2, ensure_ascii=False) + "\n"
    RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
