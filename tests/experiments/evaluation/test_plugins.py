"""A score and a comparator that another distribution adds: checked, tabled and reported as ours are."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.experiments.commands.typed import call
from tests.experiments.small_runs import small_run
from tests.plugins import Plugins
from value_personas import load_recipe, run
from value_personas.experiments.comparators import COMPARATORS
from value_personas.experiments.report import read_material, write_report
from value_personas.experiments.scoring import SCORES
from value_personas.signatures import RecipeError

SCORE = """
    import numpy as np
    from value_personas.experiments.scoring import Score

    THING = Score(
        "largest error",
        "The largest difference of any option’s share: max_k |q_k − h_k|.",
        lambda cells: np.abs(cells.model - cells.human).max(axis=-1),
        headline=True,
        leading=True,
    )
"""
COMPARATOR = """
    import numpy as np
    from value_personas.experiments.comparators import Comparator, Prediction

    def predict(sources):
        lengths = np.array([[len(question.scale)] for question in sources.answers.questions])
        own = np.arange(sources.table.shape[2]) < lengths
        even = np.where(own, 1.0 / own.sum(axis=1, keepdims=True), np.nan)
        return Prediction(np.broadcast_to(even, sources.table.shape).copy(), ("knows nothing",))

    THING = Comparator("no model: every option alike", predict, needs=())
"""


def test_they_are_known_to_the_recipe_and_stand_in_the_table_and_in_the_report(
    plugins: Plugins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = ["shapley.score=largest_error", 'comparators.names=["even-odds"]']
    for setting, known in zip(wanted, ("there are normalised_mae", "there are training-mean"), strict=True):
        with pytest.raises(RecipeError, match=known):
            load_recipe(None, [setting])
    modules = [plugins.install(SCORES, "largest_error", SCORE)]
    modules.append(plugins.install(COMPARATORS, "even-odds", COMPARATOR))
    for command, name in (("power", "largest_error"), ("score", "even-odds")):
        assert call(monkeypatch, command, "--help") == 0
        assert name in capsys.readouterr().out
    assert not set(modules) & set(sys.modules), "executed before there is a recipe"

    result = small_run(tmp_path, *wanted)
    estimates = pd.read_parquet(result.folder / "estimates.parquet")
    distance = (estimates["human"] - estimates["predicted"]).abs()
    by_cell = distance.groupby([estimates[c] for c in ("method", "country", "question")]).max()
    found = result.summary.set_index(["method", "score"])["mean"]
    for method in ("values-hedged", "even-odds"):
        assert found[method, "largest_error"] == pytest.approx(by_cell[method].mean())
    even = estimates[estimates["method"] == "even-odds"]
    np.testing.assert_allclose(
        even["predicted"] * even.groupby(["country", "question"])["option"].transform("size"), 1
    )
    assert set(pd.read_parquet(result.folder / "comparisons.parquet")["score"]) == {
        "normalised_mae",
        "wasserstein",
        "largest_error",
    }
    assert "even-odds: knows nothing" in result.notes
    assert 0.0 < result.floor["largest_error"] < found["even-odds", "largest_error"]

    files = write_report(read_material(result.folder, tmp_path), result.folder)
    page = Path(files.page).read_text(encoding="utf-8")
    assert page.count("largest error") > 2
    assert "max_k |q_k − h_k|" in page
    assert "even-odds (no model: every option alike)" in page


def test_a_comparator_that_needs_no_respondents_runs_on_published_distributions(
    plugins: Plugins, tmp_path: Path
) -> None:
    plugins.install(COMPARATORS, "even-odds", COMPARATOR)
    rows = [
        (c, "Q29", o, p)
        for c, pct in (("Sweden", 60), ("Norway", 70))
        for o, p in (("A", pct), ("B", 100 - pct))
    ]
    file = tmp_path / "published.csv"
    pd.DataFrame(rows, columns=["country", "qid", "opt", "pct"]).to_csv(file, index=False)
    settings = [f"survey.path={file}", 'personas=["none"]', "questions.include=", "cultural_map.ask=false"]
    settings += [f"workspace={tmp_path / 'w'}", 'comparators.names=["training-mean", "even-odds"]']
    summary = run(load_recipe("quickstart", settings)).summary.set_index(["method", "score"])["mean"]
    assert summary["even-odds", "total_variation"] == pytest.approx(0.5)  # a quarter each
    assert summary["training-mean", "total_variation"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("score", "problem"),
    [("raise ImportError('no such library')", "cannot be loaded: ImportError: no such library"),
     ("THING = max", "expected an instance of Score")],
)  # fmt: skip
def test_a_broken_one_is_one_line_that_names_its_distribution(
    plugins: Plugins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    score: str, problem: str,
) -> None:  # fmt: skip
    module = plugins.install(SCORES, "largest_error", score)
    code = call(monkeypatch, "plan", "--workspace", str(tmp_path), "--set", "shapley.score=largest_error")
    assert code == 2
    error = capsys.readouterr().err
    assert problem in error
    assert f"of distribution {module}" in error
    assert error.count("\n") == 1
