"""The Python interface under an event loop that runs, as in a notebook's cell."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

import value_personas as vp
from tests.experiments.small_runs import SMALL
from tests.experiments.tuning import tunings
from value_personas.experiments.audit.audit import run_audit
from value_personas.experiments.report.personas.inspect import inspect_personas
from value_personas.experiments.run.rerun import rerun


def test_a_run_and_what_is_done_with_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def cells() -> Any:
        here = [f"workspace={tmp_path}", *SMALL]
        recipe = vp.load_recipe("quickstart", here)
        result = vp.run(recipe)
        assert "scoring" in capsys.readouterr().err, "it shows its progress by itself"
        assert vp.run(recipe, progress=False).scores.equals(result.scores)
        assert vp.report(str(result.folder), workspace=tmp_path, progress=False).page.is_file()
        assert rerun(str(result.folder), workspace=tmp_path, progress=False).agrees
        inspect_personas(recipe, n=1, answers=True, progress=False)
        assert capsys.readouterr().err == "", "off"
        return result

    assert not asyncio.run(cells()).summary.empty


@pytest.mark.slow
@pytest.mark.parametrize("study", ["audit", "sweep", "ablate", "shapley", "calibrate", "tune", "search"])
def test_a_study(study: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = [f"workspace={tmp_path}", *SMALL]

    async def cell() -> Any:
        if study == "audit":
            return run_audit(vp.load_recipe("quickstart", here), progress=False)
        if study == "sweep":
            return vp.sweep(vp.load_recipe("quickstart", [*here, "sweep.grid.seed=[0, 1]"]), progress=False)
        if study == "ablate":
            recipe = vp.load_recipe("quickstart", [*here, "ablation.factors.profiles.n=[6, 3]"])
            return vp.ablate(recipe, progress=False)
        if study == "shapley":
            return vp.shapley(vp.load_recipe("shapley", [*here, "shapley.budget_calls=4000"]), progress=False)
        if study == "calibrate":
            wide = [*here, 'questions.include=["Q29", "Q33", "Q61", "Q106", "Q171", "Q185"]']
            vp.run(vp.load_recipe("quickstart", wide), progress=False)
            recipe = vp.load_recipe("quickstart", [*wide, "calibration.search.trials=8"])
            return vp.calibrate(recipe, progress=False)
        if study == "search":
            space = "search.space={calibration={temperature={low=1.0, high=8.0, log=true}}}"
            return vp.search(vp.load_recipe("search", [*here, space, "search.trials=3"]), progress=False)
        small = [f"workspace={tmp_path}", *tunings.SMALL]
        return vp.tune(vp.load_recipe("tune", small), progress=False)

    result = asyncio.run(cell())
    assert result.to_json()
    assert capsys.readouterr().err == "", "off"
    assert len(repr(result)) < 400
    assert "synthetic" in repr(result)
    assert "<table" in result._repr_html_()


def test_what_a_cell_shows_is_short_and_names_itself(tmp_path: Path) -> None:
    name = "Pilot <b>1"
    recipe = vp.load_recipe("quickstart", [f"workspace={tmp_path}", *SMALL, f'name="{name}"'])
    result = vp.run(recipe, progress=False)
    for shown in (recipe, result):
        assert len(repr(shown)) < 300
        assert name in repr(shown)
        html = shown._repr_html_()
        assert "<b>1" not in html
        assert "&lt;b&gt;1" in html
    assert "synthetic" in repr(result)
    assert "data:image/png;base64" in result._repr_html_()
    assert f"{result.floor['wasserstein']:.3f}" in result._repr_html_()
