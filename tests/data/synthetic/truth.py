"""What is known for certain of the synthetic world's populations, by a census of each."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from value_personas.data.codebooks.codebook import load_codebook
from value_personas.data.synthetic import load_world
from value_personas.data.synthetic.world import People

__all__ = ["item_distribution", "item_means", "population_distribution"]

Floats = NDArray[np.float64]

_CENSUS = 20_000
"""People by whom a whole population is represented: the mean over them has a standard error below 0.003."""


def population_distribution(question: str, country: str) -> Floats:
    """The distribution of a target answer in the whole population, shape (K,), in the order of the codes.

    The law of each of 20,000 inhabitants is averaged, not answers drawn from it.
    """
    options = len(load_codebook("wvs7").questions[question].question.scale)
    law = load_world().targets[question]
    return np.asarray(law.probabilities(_people(country).items, options).mean(axis=0))


def item_distribution(item: str, country: str) -> Floats:
    """The distribution of a value item in the whole population, shape (K,), in the order of the codes."""
    people = _people(country)
    counts = np.bincount(people.answers[item], minlength=people.levels[item])
    return np.asarray(counts / counts.sum())


def item_means(country: str) -> dict[str, float]:
    """Item code → the population's mean, in unit coordinates."""
    return {code: float(answers.mean()) for code, answers in _people(country).items.items()}


@cache
def _people(country: str) -> People:
    home = load_world().countries[country]
    urban = np.arange(_CENSUS) < round(home.urban * _CENSUS)
    return load_world().people(home, urban, np.random.default_rng(home.numeric))
