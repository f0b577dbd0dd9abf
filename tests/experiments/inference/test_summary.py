"""Means with intervals that stay within what a score can be."""

import numpy as np
import pytest

from value_personas.experiments.inference import clustered_means, summarise
from value_personas.experiments.scoring import SCORES


@pytest.mark.parametrize("shape", [(2, 2), (2, 3), (3, 2)])
@pytest.mark.parametrize("name", ["normalised_mae", "opinionqa_alignment", "signed_bias"])
def test_few_cells_give_no_interval_beyond_the_score_and_hold_the_truth_as_often(
    name: str, shape: tuple[int, int]
) -> None:
    """Of scores whose expectation is known: an interval that is cut holds it where the whole one does."""
    rng = np.random.default_rng(0)
    least, most = SCORES[name].possible
    truth = least + 0.15 * (most - least)
    beyond, held = 0, []
    for _ in range(300):
        values = least + (most - least) * rng.beta(0.15, 0.85, shape)
        row = summarise({"it": {name: values}}, ["C0", "C1", "C2"][: shape[0]], level=0.95).iloc[0]
        whole = clustered_means(values[None], None, level=0.95)
        assert least <= row["lower"] <= row["mean"] <= row["upper"] <= most
        beyond += bool(whole.lower[0] < least or whole.upper[0] > most)
        inside = bool(row["lower"] <= truth <= row["upper"])
        assert inside == bool(whole.lower[0] <= truth <= whole.upper[0])
        held.append(inside)
    assert beyond > 100
    assert np.mean(held) > 0.6  # skewed cells, three of them: no law holds what it says
