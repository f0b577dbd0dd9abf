"""A report of some of a run's methods."""

import numpy as np
import pandas as pd
import pytest

from tests.experiments.report.conftest import Reported
from value_personas.experiments.figures.style import drawing
from value_personas.experiments.report.choosing import chosen
from value_personas.experiments.report.methods import methods_paragraphs
from value_personas.experiments.report.sections import sections
from value_personas.experiments.report.tables import summary_table
from value_personas.signatures import RecipeError


def test_rows_are_those_that_are_named_in_their_order(reported: Reported) -> None:
    assert chosen(reported.material, ["values-hedged", "none"]).methods[-1] == "none"
    material = chosen(reported.material, ["none", " values-hedged", "uniform"])
    assert material.methods == ("none", "values-hedged", "values-hedged + calibrated")
    table = summary_table(material)
    every = {row[0]: row for row in summary_table(reported.material).rows}
    assert [row[0] for row in table.rows] == [*material.methods, "uniform", "noise floor"]
    assert [every[row[0]] for row in table.rows] == list(table.rows)  # nothing is computed anew
    assert "uniform: no model" in table.caption
    assert "majority" not in table.caption  # what has no row is not explained
    assert material.kinds == ("none", "values-hedged")
    assert set(material.asking["personas"]) == {"none", "values-hedged"}
    with drawing():
        parts = {part.key: part for part in sections(material)}
    assert [label.get_text() for label in parts["headline"].plates[0].figure.axes[0].get_yticklabels()] == [
        *material.methods
    ]
    (says,) = parts["paired"].says
    assert says == "The run holds no comparison with none: country roleplay was not asked, or is left out."
    assert parts["gap"].is_empty
    assert "country (roleplay" not in " ".join(methods_paragraphs(material))


def test_what_is_compared_stays(reported: Reported) -> None:
    material = chosen(reported.material, ["country", "values-hedged"])
    before, after = (
        table[(table["group"] == "all") & (table["method"] == "values-hedged")].reset_index(drop=True)
        for table in (reported.material.comparisons, material.comparisons)
    )
    pd.testing.assert_frame_equal(before, after)
    assert np.isfinite(after["holm_p"]).all()


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        (["values-hegded"], "did you mean values-hedged"),
        (["uniform"], "name a method too"),
        (["country", ""], "the run has no such row"),
    ],
)
def test_an_unknown_row_is_one_line(reported: Reported, kinds: list[str], said: str) -> None:
    with pytest.raises(RecipeError, match=said) as told:
        chosen(reported.material, kinds)
    assert "\n" not in str(told.value)
