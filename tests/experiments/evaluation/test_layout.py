"""A panel's answers by country."""

from types import SimpleNamespace

import numpy as np
import pytest

from value_personas.experiments.evaluation.answers import Answers, find_panel, panel_file
from value_personas.experiments.evaluation.layout import answers_of, stack_personas
from value_personas.signatures import Persona, Question, Scale, StoreError


def test_personas_of_countries_of_unequal_size_are_stacked():
    log_p = np.log(np.random.default_rng(0).dirichlet(np.ones(3), size=(5, 2)))
    stacked, weights, codes = stack_personas(log_p, ["B", "A", "B", "B", "A"], [1, 1, 2, 1, 3])
    assert codes == ("B", "A")
    np.testing.assert_array_equal(stacked[0, 1, 2], log_p[3, 1])
    np.testing.assert_array_equal(stacked[1, 0, 1], log_p[4, 0])
    assert np.isnan(stacked[1, :, 2]).all()
    np.testing.assert_allclose(weights, [[1, 2, 1], [1, 3, 0]])


def test_a_runs_answers_become_a_panel(tmp_path):
    questions = (
        Question("Q1", "one", Scale(("a", "b", "c"), (1, 2, 3)), topic="life", near=True, battery="B"),
        Question("Q2", "two", Scale(("a", "b"), (1, 0))),
    )
    people = tuple(Persona("values-hedged", f"text {i}", 1.0, c) for i, c in enumerate("AAB"))
    log_p = np.full((3, 2, 3), np.log(1 / 3))
    log_p[:, 1] = [np.log(0.25), np.log(0.75), np.nan]
    answers = SimpleNamespace(personas=people, questions=questions, log_p=log_p, draws=10)
    human = np.full((2, 2, 3), np.nan)
    human[0, 0] = 1 / 3
    panel = answers_of(answers, human, {"A": "Zone"}, method="values-hedged")
    assert panel.countries == ("A", "B")
    assert panel.zones == ("Zone", "B")
    assert panel.batteries == ("B", "Q2")
    np.testing.assert_array_equal(panel.scores[1], [1, 0, np.nan])
    np.testing.assert_allclose(panel.weights, [[0.5, 0.5], [1.0, 0.0]])

    for name in ("other-1", "quick-start-1", "quick-start-2"):
        (tmp_path / name).mkdir()
        panel.save(panel_file(tmp_path / name, "values-hedged"))
    kept = Answers.load(panel_file(tmp_path / "other-1", "values-hedged"))
    assert (kept.method, kept.draws) == ("values-hedged", 10)
    assert find_panel(tmp_path, "quick-start", "values-hedged").parent.name == "quick-start-2"
    with pytest.raises(StoreError, match="'quick' holds answers; give value-personas run the same recipe"):
        find_panel(tmp_path, "quick", "values-hedged")
    with pytest.raises(StoreError, match="answers of 'country', but of values-hedged; set calibration"):
        find_panel(tmp_path, "quick-start", "country")
