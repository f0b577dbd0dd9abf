"""Figures: the numbers behind them, and that they can be read by anybody."""

import itertools
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text

from tests.experiments.report.conftest import Reported
from tests.experiments.report.runs import write_audit, write_shapley
from value_personas.experiments.figures.labels import Name, set_names
from value_personas.experiments.figures.palette import looks
from value_personas.experiments.figures.style import canvas, drawing
from value_personas.experiments.figures.svg import drawn_twice
from value_personas.experiments.report import read_material
from value_personas.experiments.report.figures.calibration import calibration_curve
from value_personas.experiments.report.figures.countries import country_errors
from value_personas.experiments.report.figures.distributions import chosen_cells
from value_personas.experiments.report.figures.missing import missing_shares
from value_personas.experiments.report.figures.roleplay import question_errors
from value_personas.experiments.report.plate import Plate, inline_svg
from value_personas.experiments.report.sections import sections
from value_personas.experiments.scoring.digits import three_digits


def test_the_curve_passes_through_the_runs_own_scores(reported: Reported) -> None:
    answers = reported.material.answers()
    assert answers is not None
    curve = calibration_curve(answers, temperatures=(1.0, 2.0))
    at = curve.points.set_index(["level", "temperature"])
    summary = reported.run.summary.set_index(["method", "score"])["mean"]
    for temperature, method in ((1.0, "values-hedged"), (2.0, "values-hedged + calibrated")):
        for score in ("wasserstein", "variance_ratio"):
            assert at.loc[("persona", temperature), score] == pytest.approx(summary[method, score], rel=1e-6)
    assert at.loc[("population", 1.0), "wasserstein"] == pytest.approx(
        summary["values-hedged", "wasserstein"]
    )
    assert at.loc[("population", 2.0), "wasserstein"] != pytest.approx(
        at.loc[("persona", 2.0), "wasserstein"]
    )


def test_questions_laid_out_a_few_at_a_time_are_all_of_them(
    reported: Reported, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = reported.material.answers()
    assert panel is not None
    assert len(panel.questions) == 6
    whole = calibration_curve(panel, (1.0, 3.0))
    monkeypatch.setattr("value_personas.experiments.report.figures.calibration._TOGETHER", 4)
    parts = calibration_curve(panel, (1.0, 3.0))
    pd.testing.assert_frame_equal(parts.points, whole.points, rtol=1e-12)
    pd.testing.assert_frame_equal(parts.beyond, whole.beyond, rtol=1e-12)
    assert parts.limits == pytest.approx(whole.limits, rel=1e-12)


def test_out_of_reach_is_what_no_temperature_reaches(reported: Reported) -> None:
    """By brute force: the population's answers tilted as hot as numbers allow, against people's variance."""
    answers = reported.material.answers()
    assert answers is not None
    beyond = calibration_curve(answers, temperatures=(1.0,)).beyond.set_index(["level", "options"])
    for k in np.unique(answers.lengths):
        reached, cells = 0, 0
        for c in range(len(answers.countries)):
            for m in np.flatnonzero(answers.lengths == k):
                r, h = answers.scores[m, :k], answers.human[c, m, :k]
                p = np.exp(answers.log_p[c, m, :, :k])
                known = ~np.isnan(p[:, 0])
                mean = np.average(p[known], axis=0, weights=answers.weights[c][known]) @ r
                low, high = -60.0, 60.0
                for _ in range(200):
                    law = np.exp((beta := (low + high) / 2) * (r - r.mean()))
                    law /= law.sum()
                    low, high = (beta, high) if law @ r < mean else (low, beta)
                reached += law @ r**2 - (law @ r) ** 2 >= h @ r**2 - (h @ r) ** 2
                cells += 1
        assert beyond.loc[("population", int(k)), "cells"] == cells
        assert beyond.loc[("population", int(k)), "beyond"] == pytest.approx(1 - reached / cells)


def test_country_and_question_errors_are_means_of_the_cells(reported: Reported) -> None:
    scores = reported.run.scores
    table = country_errors(reported.material).set_index("code")
    hedged = scores[scores["method"] == "values-hedged"]
    for code in ("XNA", "XNG"):
        own = hedged[hedged["country"] == code]
        assert table.loc[code, "values-hedged"] == pytest.approx(own["normalised_mae"].mean())
        assert table.loc[code, "floor"] == pytest.approx(own["floor_normalised_mae"].mean())
    assert table["values-hedged"].is_monotonic_increasing  # one zone: all are off the map
    by_question = question_errors(reported.material).set_index("question")
    expected = scores[(scores["method"] == "country") & (scores["question"] == "Q185")][
        "normalised_mae"
    ].mean()
    assert by_question.loc["Q185", "baseline"] == pytest.approx(expected)


def test_cells_are_chosen_from_best_to_worst(reported: Reported) -> None:
    scores = reported.run.scores.set_index(["method", "country", "question"])["wasserstein"]
    found = [
        scores["values-hedged + calibrated", country, question]
        for country, question in chosen_cells(reported.material)
    ]
    assert found == sorted(found)
    every = scores["values-hedged + calibrated"]
    assert (found[0], found[-1]) == (every.min(), every.max())


def test_missing_shares_add_up_to_what_was_counted(reported: Reported) -> None:
    shares = missing_shares(reported.material)
    asked = reported.material.asking.groupby("personas")["missing_share"].mean()
    for kind in reported.material.kinds:
        assert shares.loc[kind].sum() == pytest.approx(asked[kind])


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def test_methods_stand_out_on_a_light_and_on_a_dark_page() -> None:
    names = ["none", "country", "values-hedged", "values-hedged + calibrated", *"abcdefgh"]
    for look in looks(names).values():
        own = _luminance(look.colour)
        assert 1.05 / (own + 0.05) >= 3.0, look
        assert (own + 0.05) / (_luminance("#16161a") + 0.05) >= 3.0, look


def test_a_method_looks_the_same_whatever_stands_beside_it() -> None:
    assert looks(["values-hedged", "x"])["values-hedged"] == looks(["none", "values-hedged"])["values-hedged"]
    assert len(set(looks(["none", "country", "a", "b", "c", "d"]).values())) == 6


def test_an_inline_figure_is_text_of_the_page() -> None:
    with drawing():
        figure = canvas(2.0, 2.0, "synthetic <b>")
        axis = figure.subplots()
        axis.plot([0, 1], [0, 1], marker="o", label="x")
        axis.set_title('$5 & "id="#1c1c1e')
        shapes, text = drawn_twice(figure, "one", 300)
    svg = inline_svg(Plate("one", figure, "caption", 'alt "quoted" <i>'), text)
    assert "<text" not in shapes
    assert "#ffffff" in shapes  # a file is on white, a page shows what is behind it
    assert "#ffffff" not in svg
    assert svg.startswith("<svg ")
    assert 'aria-label="alt &quot;quoted&quot; &lt;i&gt;"' in svg
    assert "synthetic &lt;b&gt;" in svg
    assert '>$5 &amp; "id="#1c1c1e</text>' in svg  # what is written is left as it is
    assert "var(--ink)" in svg
    own = re.findall(r'\bid="([^"]+)"', re.sub(r">[^<]*<", "><", svg))
    assert own
    assert all(name.startswith("one-") for name in own)
    assert set(re.findall(r'(?:url\(|href=")#([^")]+)', svg)) <= set(own)


def test_names_hide_no_point_and_no_other_name() -> None:
    figure = Figure(figsize=(4, 4), layout="constrained")
    axis = figure.subplots()
    points = np.array([[0.1, 0.1], [0.5, 0.5], [0.52, 0.5]])
    axis.scatter(*points.T)
    axis.set(xlim=(0, 1), ylim=(0, 1))
    crowd = np.array([[x, y] for x in np.linspace(0.8, 1.0, 12) for y in np.linspace(0.8, 1.0, 12)])
    names = [Name("first", 0.5, 0.5), Name("second", 0.52, 0.5), Name("crowded", 0.9, 0.9)]
    set_names(axis, names, np.vstack([points, crowd]), size=7)
    assert [text.get_text() for text in axis.texts] == ["first", "second", "crowded"]
    figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in axis.texts]  # without its stroke
    places = axis.transData.transform(np.vstack([points, crowd]))
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)
    assert not any(box.contains(*place) for box in boxes for place in places)
    assert [isinstance(text, Annotation) and text.arrow_patch is not None for text in axis.texts] == [
        False,
        False,
        True,
    ]
    everywhere = np.array([[x, y] for x in np.linspace(0, 1, 40) for y in np.linspace(0, 1, 40)])
    for must in (False, True):
        set_names(axis, [Name("no room", 0.9, 0.9)], everywhere, size=7, must=must)
        assert (axis.texts[-1].get_text() == "no room") is must


@pytest.mark.parametrize(
    ("value", "signed", "said"),
    [
        (0.0187, False, ".019"),
        (1.04, False, "1.04"),
        (-0.0906, True, "−.091"),
        (0.05, True, "+.050"),
        (-0.00001, True, ".000"),
        (float("nan"), True, "–"),
    ],
)
def test_three_digits(value: float, signed: bool, said: str) -> None:
    assert three_digits(value, signed) == said


@pytest.mark.parametrize("width", [7.0, 3.5])
def test_type_is_large_enough_and_whole_at_the_width_of_a_page_and_of_a_column(
    reported: Reported, tmp_path: Path, width: float
) -> None:
    recipe = reported.run.recipe
    write_shapley(tmp_path / "shapley" / "quickstart-1", recipe)
    write_audit(tmp_path / "audits" / "audit-quickstart-1", recipe)
    material = read_material(reported.run.folder, tmp_path)
    with drawing(width):
        plates = [plate for part in sections(material) for plate in part.plates]
        assert {"headline", "map", "calibration", "shapley", "audit", "effect-order"} <= {
            p.name for p in plates
        }
        for plate in plates:
            figure = plate.figure
            assert figure.get_figwidth() <= width
            assert plate.wide == (figure.get_figwidth() > 5.0)
            FigureCanvasAgg(figure)  # it measures type
            figure.draw_without_rendering()
            page = figure.bbox.padded(1.0)
            for text in _written(figure):
                said = (plate.name, text.get_text())
                assert float(text.get_fontsize()) >= 7.0, said
                box = Text.get_window_extent(text)
                assert page.contains(box.x0, box.y0), said
                assert page.contains(box.x1, box.y1), said


def _written(figure: Figure) -> list[Text]:
    """Every text that is seen; ticks beyond an axis' ends are not."""
    unseen: set[Text] = set()
    for axis in figure.axes:
        for along in (axis.xaxis, axis.yaxis):
            low, high = sorted(along.get_view_interval())
            for tick in [*along.get_major_ticks(), *along.get_minor_ticks()]:
                if not low <= tick.get_loc() <= high or not axis.get_visible():
                    unseen |= {tick.label1, tick.label2}
        if not axis.get_visible():
            unseen |= set(axis.findobj(Text))
    every = figure.findobj(lambda one: isinstance(one, Text) and one.get_visible() and bool(one.get_text()))
    return [text for text in every if isinstance(text, Text) and text not in unseen]


def test_lines_are_named_within_the_figure(reported: Reported) -> None:
    with drawing():
        plates = {plate.name: plate for part in sections(reported.material) for plate in part.plates}

    def told(name: str) -> list[str]:
        return [text.get_text() for text in plates[name].figure.legends[0].get_texts()]

    assert told("headline") == [
        "noise floor of people’s sample; target of the variance ratio",
        "95 % interval",
    ]
    assert told("calibration") == [
        "tilt at persona level",
        "tilt at population level",
        "the recipe’s T, 2",
        "where T = ∞ leads, persona level",
        "where T = ∞ leads, population level",
        "people; of the distance: their noise floor",
    ]
    assert "as far off" in told("roleplay")
    assert "its regression on the index" in told("gap")
    assert told("effect-order") == ["a question", "mean over questions"]


def test_the_ends_of_a_scale_are_whole(reported: Reported) -> None:
    options = reported.run.estimates.groupby("question")["option"].agg(["first", "last"])
    with drawing(3.5):
        (plate,) = [
            p for part in sections(reported.material) for p in part.plates if p.name == "distributions"
        ]
    written = [" ".join(text.get_text().split()) for axis in plate.figure.axes for text in axis.texts]
    for _, question in chosen_cells(reported.material):
        assert set(options.loc[question]) <= set(written)
