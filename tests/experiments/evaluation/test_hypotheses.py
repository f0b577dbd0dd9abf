"""Claims judged on errors whose truth is known, and those of the quickstart as their causes come and go."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.experiments.small_runs import DRAWN, small_run
from value_personas import load_recipe, run
from value_personas.experiments.evaluation.hypotheses import (
    Cells,
    judge_hypotheses,
    stated_lines,
    verdict_line,
)
from value_personas.experiments.inference import clustered_means, clustered_slopes
from value_personas.experiments.progress.reporter import Silent
from value_personas.experiments.recipe.hypotheses import Hypothesis
from value_personas.experiments.recipe.record import recipe_hash
from value_personas.experiments.run.writing import hypothesis_tags
from value_personas.signatures import RecipeError

COUNTRIES = tuple(f"C{c:02d}" for c in range(16))
NEAR = [True] * 10 + [False] * 14


@pytest.fixture
def cells():
    rng = np.random.default_rng(0)
    index = np.linspace(-1.0, 1.0, 16)
    base = 0.2 + rng.normal(0, 0.01, (16, 24))
    better = base - 0.05 - 0.03 * index[:, None] + rng.normal(0, 0.01, (16, 24))
    same = base + rng.normal(0, 0.05, (16, 24))
    scores = {
        name: {"normalised_mae": e}
        for name, e in (("country", base), ("none", better), ("demographic", same))
    }
    return Cells(scores, {}, COUNTRIES, NEAR, index)


def judged(cells, **stated):
    one = Hypothesis.model_validate({"claim": "so it is", "method": "none", "against": "country"} | stated)
    return judge_hypotheses([one], cells, 0.95).iloc[0]


@pytest.mark.parametrize(
    ("stated", "verdict"),
    [
        ({}, "supported"),
        ({"direction": "higher"}, "refuted"),
        ({"method": "country", "against": "none"}, "refuted"),
        ({"method": "country", "against": "none", "direction": "higher", "margin": 0.02}, "supported"),
        ({"margin": 0.02}, "supported"),
        ({"margin": 0.1}, "refuted"),
        ({"margin": 0.0502}, "undecided"),
        ({"method": "demographic"}, "undecided"),
        ({"growth": True}, "supported"),
        ({"growth": True, "direction": "higher"}, "refuted"),
        ({"among": "remote", "margin": 0.055}, "supported"),
        ({"among": "represented", "margin": 0.055}, "refuted"),
        ({"among": "far"}, "supported"),
        ({"among": "Atlantis"}, "not tested"),
        ({"method": "values-hedged"}, "not tested"),
        ({"score": "rps"}, "not tested"),
    ],
)
def test_verdicts_are_of_what_is_true(cells, stated, verdict):
    assert judged(cells, **stated)["verdict"] == verdict


def test_effect_interval_and_p_are_those_of_the_one_law(cells):
    d = cells.scores["none"]["normalised_mae"] - cells.scores["country"]["normalised_mae"]
    for among, part in (("far", d[:, 10:]), ("remote", d[8:]), ("all", d)):
        row, found = judged(cells, among=among), clustered_means(part[None])
        assert (row["effect"], row["lower"], row["upper"]) == pytest.approx(
            (found.point[0], found.lower[0], found.upper[0]), abs=1e-9
        )
        assert row["p"] == pytest.approx(found.p[0], abs=1e-9)
        assert row["cells"] == part.size
    slope = clustered_slopes(d[None], cells.index / cells.index.std())
    assert judged(cells, growth=True)["effect"] == pytest.approx(slope.point[0], abs=1e-9)
    moved = clustered_means(d[None] + 0.0502)
    assert judged(cells, margin=0.0502)["p"] == pytest.approx(moved.p[0], abs=1e-9)


def test_p_is_adjusted_over_the_claims_that_can_be_tested(cells):
    given = [("a", "demographic"), ("b", "demographic"), ("c", "values-hedged")]
    stated = [Hypothesis(claim=claim, method=method, against="country") for claim, method in given]
    table = judge_hypotheses(stated, cells, 0.95)
    assert table["holm_p"][0] == pytest.approx(min(1.0, 2 * table["p"][0]))
    assert np.isnan(table["holm_p"][2])
    assert "there is no row values-hedged" in verdict_line(table.iloc[2].to_dict())
    assert verdict_line(table.iloc[0].to_dict()).startswith("Undecided: a (demographic − country, ")


def test_what_is_equal_by_construction_is_undecided(cells):
    cells.scores["none"]["normalised_mae"][:] = cells.scores["country"]["normalised_mae"] + 1e-13
    row = judged(cells)
    assert (row["verdict"], row["effect"], row["p"]) == ("undecided", 0.0, 1.0)


def test_a_ratio_is_judged_by_its_distance_from_1(cells):
    for name, ratio in (("country", 0.5), ("none", 0.8), ("demographic", 0.0)):
        cells.scores[name]["variance_ratio"] = np.full((16, 24), ratio)
    assert judged(cells, score="variance_ratio")["effect"] == pytest.approx(-0.3)
    assert judged(cells, score="variance_ratio", method="demographic")["effect"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("method", "values-heged", "values-hedged"),
        ("score", "mae", "no such score"),
        ("margin", -1, "greater"),
    ],
)
def test_a_slip_is_found_before_anything_is_asked(key, value, words):
    stated = {"claim": "x", "method": "none", "against": "country"} | {key: value}
    with pytest.raises(RecipeError, match=words):
        load_recipe("quickstart", [f"hypotheses=[{', '.join(_toml(stated))}]"])


def _toml(stated):
    yield "{" + ", ".join(f"{k} = {json.dumps(v)}" for k, v in stated.items()) + "}"


class Hearing(Silent):
    """Remembers what it was told, in order."""

    def __init__(self):
        self.heard = []

    def note(self, text):
        self.heard.append(text)

    def answered(self, kind, n, total):
        self.heard.append("asked")


def test_claims_are_said_before_the_first_question_with_the_hash_that_is_recorded(tmp_path):
    hearing = Hearing()
    result = run(load_recipe("quickstart", [f"workspace={tmp_path}", *DRAWN]), hearing)
    first = hearing.heard.index("asked")
    digest = recipe_hash(result.recipe)
    head = f"claims, stated before anything is asked (recipe {digest[:12]}):"
    place = hearing.heard[:first].index(head)
    said = hearing.heard[place + 1 : place + 1 + len(result.recipe.hypotheses)]
    for number, (line, one) in enumerate(zip(said, result.recipe.hypotheses, strict=True), start=1):
        assert line.startswith(f"{number}. {one.claim} ({one.method} against {one.against}, ")
    assert hypothesis_tags(digest, result.hypotheses)["recipe.sha256"] == digest
    elsewhere = load_recipe("quickstart", [f"workspace={tmp_path / 'other'}", *DRAWN])
    assert recipe_hash(elsewhere) == digest
    assert recipe_hash(load_recipe("quickstart", [*DRAWN, "seed=1"])) != digest
    assert not stated_lines((), digest)


def test_a_run_keeps_its_claims_with_their_verdicts(tmp_path):
    result = small_run(tmp_path)
    table = pd.read_csv(result.folder / "hypotheses.csv")
    assert list(table["claim"]) == [one.claim for one in result.recipe.hypotheses]
    assert list(table["verdict"]).count("not tested") == 1, "there is no unhedged row in the small run"
    kept = json.loads((result.folder / "result.json").read_text())["hypotheses"]
    assert [row["verdict"] for row in kept] == list(table["verdict"])
    assert result.recipe.hypotheses == load_recipe("quickstart").hypotheses
