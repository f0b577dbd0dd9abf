"""The learning curve of a tuning."""

import numpy as np
import pandas as pd

from value_personas.experiments.figures.learning_curve import learning_curve_figure


def test_candidates_and_the_best_so_far() -> None:
    curve = pd.DataFrame(
        {
            "calls": [10, 20, 30],
            "training": [0.5, 0.7, 0.6],
            "validation": [0.4, np.nan, 0.8],
            "best_validation": [0.4, 0.4, 0.8],
        }
    )
    figure = learning_curve_figure(curve, "tune · synthetic respondent")
    training, validation, best = figure.axes[0].lines
    assert list(training.get_ydata()) == [0.5, 0.7, 0.6]
    assert list(validation.get_xdata()) == list(best.get_xdata()) == [10, 30]
    assert training.get_marker() != validation.get_marker()
    assert figure.get_suptitle() == "tune · synthetic respondent"
    assert len(figure.legends[0].get_texts()) == 3
