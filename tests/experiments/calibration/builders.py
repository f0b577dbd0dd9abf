"""Stored answers with a planted dispersion."""

import numpy as np

from value_personas.experiments.evaluation.answers import Answers
from value_personas.programs.calibration import tilt


def stored_panel(
    countries=6,
    personas=20,
    lengths=(4, 10, 4, 5, 10, 2),
    planted=2.5,
    draws=0,
    seed=0,
    missing=0.0,
    **changes,
):
    """People answer around their own position; the model answers the same, sharpened by 1 / ``planted``.

    A persona-level tilt with T = ``planted`` undoes the sharpening exactly.
    """
    rng = np.random.default_rng(seed)
    m, k = len(lengths), max(lengths)
    mask = np.arange(k) < np.array(lengths)[:, None]
    human = np.full((countries, m, k), np.nan)
    log_p = np.full((countries, m, personas, k), np.nan)
    weights = rng.dirichlet(np.full(personas, 4.0), size=countries)
    for c in range(countries):
        positions = rng.normal(rng.normal(0, 0.5), 0.7, personas)
        for q, n in enumerate(lengths):
            grid = np.linspace(-2, 2, n)
            true = np.exp(-0.5 * ((grid - positions[:, None] - rng.normal(0, 0.5)) / 0.8) ** 2)
            true /= true.sum(axis=1, keepdims=True)
            model = tilt(true, np.arange(1.0, n + 1), 1.0 / planted)
            if draws:
                model = np.stack([rng.multinomial(draws, p / p.sum()) / draws for p in model])
            human[c, q, :n] = weights[c] @ true
            with np.errstate(divide="ignore"):
                log_p[c, q, :, :n] = np.log(model)
    log_p[rng.random(log_p.shape[:3]) < missing] = np.nan
    values = {
        "log_p": log_p,
        "human": human,
        "weights": weights,
        "mask": mask,
        "scores": np.where(mask, np.arange(1.0, k + 1), np.nan),
        "countries": tuple(f"C{c}" for c in range(countries)),
        "zones": tuple(f"Z{c // 2}" for c in range(countries)),
        "questions": tuple(f"Q{q}" for q in range(m)),
        "topics": tuple(("life", "work")[q % 2] for q in range(m)),
        "near": (False,) * m,
        "batteries": tuple(f"Q{q}" for q in range(m)),
        "draws": float(draws),
    }
    return Answers(**(values | changes))


def whole(panel):
    """All of it as training cells."""
    return panel.training(panel.countries, panel.questions)
