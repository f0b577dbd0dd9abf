"""What a run says of itself beside its tables."""

import pandas as pd

from value_personas.experiments.run.outcome import alike_notes


def test_kinds_that_predict_the_same_are_named_and_others_are_not() -> None:
    shares = {
        "none": [0.2, 0.8, 0.5, 0.5],
        "country": [0.2 + 1e-16, 0.8, 0.5, 0.5],  # the same, summed in another order
        "demographic": [0.2, 0.8, 0.5, 0.5 + 1e-6],
        "forecast": [None] * 4,
        "shuffled": [None] * 4,
    }
    estimates = pd.concat(
        pd.DataFrame({
            "method": method,
            "country": ["DEU", "DEU", "JPN", "JPN"],
            "question": "Q1",
            "score": [1.0, 2.0, 1.0, 2.0],
            "predicted": pd.Series(predicted, dtype=float),
        })
        for method, predicted in shares.items()
    )  # fmt: skip
    (note,) = alike_notes(estimates, list(shares), ())
    assert note.startswith("none, country predict the same of every cell: the model heeds nothing")
    (note,) = alike_notes(estimates, list(shares), ("respondent",))
    assert "the synthetic respondent knows nothing" in note
    assert not list(alike_notes(estimates, ["country", "demographic", "forecast"], ()))
