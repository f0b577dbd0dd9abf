"""A survey's countries over the published ones."""

import pandas as pd

from value_personas.data.countries import published_map
from value_personas.experiments.figures.survey_map import survey_map_figure


def test_the_sample_lies_over_the_published_countries() -> None:
    points = pd.DataFrame(
        {"country": ["DEU", "VEN"], "survival_self_expression": [0.7, -0.5], "traditional_secular": [1.3, -1]}
    )
    figure = survey_map_figure(points, {"DEU": "Germany"}, "synthetic population")
    axis = figure.axes[0]
    assert sum(len(drawn.get_offsets()) for drawn in axis.collections) == len(published_map()) + 2
    assert [text.get_text() for text in axis.texts] == ["Germany", "VEN"]
    assert "self-expression" in axis.get_xlabel()
    assert "secular" in axis.get_ylabel()
    assert figure.get_suptitle() == "synthetic population"
    told = {text.get_text() for text in figure.legends[0].get_texts()}
    assert told == {"this survey", *(point.zone for point in published_map().values())}
