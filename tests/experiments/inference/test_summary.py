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
    values = least + (most - least) * rng.beta(0.15, 0.85, (300, *shape))
    told = {str(i): {name: one} for i, one in enumerate(values)}
    rows = summarise(told, ["C0", "C1", "C2"][: shape[0]], level=0.95).set_index("method").loc[list(told)]
    whole = clustered_means(values, None, level=0.95)
    assert ((least <= rows["lower"]) & (rows["lower"] <= rows["mean"])).all()
    assert ((rows["mean"] <= rows["upper"]) & (rows["upper"] <= most)).all()
    assert ((whole.lower < least) | (whole.upper > most)).sum() > 100
    held = (rows["lower"] <= truth) & (truth <= rows["upper"])
    np.testing.assert_array_equal(held, (whole.lower <= truth) & (truth <= whole.upper))
    assert held.mean() > 0.6  # skewed cells, three of them: no law holds what it says
