"""What knows nothing of a country: rows that any prediction must beat before it is worth a look."""

import numpy as np

from value_personas.experiments.comparators.base import Comparator, Prediction, Sources
from value_personas.experiments.comparators.distributions import OtherCountries
from value_personas.experiments.comparators.training_mean import training_mean
from value_personas.signatures import Array

_STREAM = 47
"""Keeps the shuffling apart from every other draw of the recipe's seed."""


def _own(sources: Sources) -> Array:
    """Shape (M, K): 1 for a question's own options, else 0."""
    lengths = np.array([len(question.scale) for question in sources.answers.questions])
    return (np.arange(sources.table.shape[2]) < lengths[:, None]).astype(np.float64)


def _even(sources: Sources) -> Array:
    """Every option alike, shape (C, M, K)."""
    own = _own(sources)
    even = np.where(own > 0, own / own.sum(axis=1, keepdims=True), np.nan)
    return np.broadcast_to(even, sources.table.shape).copy()


def _uniform(sources: Sources) -> Prediction:
    return Prediction(_even(sources))


def _majority(sources: Sources) -> Prediction:
    own = _own(sources)

    def predict(country: str, others: OtherCountries) -> Array:
        mean = training_mean(country, others)
        known = np.asarray(~np.isnan(mean).all(axis=1))
        mode = np.where(np.isnan(mean), -1.0, mean).argmax(axis=1)
        one = np.where(own > 0, np.eye(own.shape[1])[mode], np.nan)
        return np.where(known[:, None], one, np.nan)

    return Prediction(sources.leave_one_out(predict))


def _permuted(sources: Sources) -> Prediction:
    """Each cell is given the shares of the next in a shuffled circle of those with as many options."""
    out, own = _even(sources), _own(sources)
    rng = np.random.default_rng(np.random.SeedSequence(sources.seed, spawn_key=(_STREAM,)))
    for k in np.unique(own.sum(axis=1)).astype(int):
        questions = np.flatnonzero(own.sum(axis=1) == k)
        shares = sources.table[:, questions]
        asked = np.argwhere(~np.isnan(shares[..., 0]))
        if len(asked) < 2:  # there is no other cell: every option alike stands in
            continue
        circle = rng.permutation(asked)
        to, of = circle, np.roll(circle, 1, axis=0)
        out[to[:, 0], questions[to[:, 1]]] = shares[of[:, 0], of[:, 1]]
    return Prediction(out)


UNIFORM = Comparator("no model: every option alike", _uniform, needs=())
MAJORITY = Comparator("no model: all give the answer most common in the other countries", _majority)
PERMUTED = Comparator(
    "no model: people’s own shares, shuffled among cells of as many options; every option alike where there "
    "is one such cell",
    _permuted,
    needs=(),
)

NULLS = ("uniform", "majority", "permuted")
"""Their names, in the order of tables."""
