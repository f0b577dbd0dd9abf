"""Sweeps, ablations, plans and the list of recipes as a person types them."""

import json
from pathlib import Path

import pytest

from tests.experiments.commands.typed import call
from tests.experiments.small_runs import DRAWN
from value_personas.experiments.recipe.loading import shipped_recipes

FEW = [word for one in (*DRAWN, 'survey.countries=["XNA", "XNB"]') for word in ("--set", one)]

GRID = "sweep.grid.profiles.n=[2, 4]"


def test_every_shipped_recipe_is_listed_with_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "recipes") == 0
    *lines, then = capsys.readouterr().out.splitlines()
    assert then == "next         value-personas recipes NAME > mine.toml"
    assert [line.split()[0] for line in lines] == sorted(shipped_recipes())
    assert all(len(line.split()) > 3 for line in lines)


def test_a_recipe_can_be_printed_and_a_strange_one_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "recipes", "ablation") == 0
    kept = shipped_recipes()["ablation"].read_text(encoding="utf-8")
    assert capsys.readouterr().out.splitlines()[1:] == kept.splitlines()[1:], "the first names the schema"
    assert call(monkeypatch, "recipes", "../config") == 2
    assert "not shipped" in capsys.readouterr().err


def test_a_sweep_is_planned_then_run_then_has_nothing_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [
        "quickstart",
        "--workspace",
        str(tmp_path),
        *FEW,
        "--set",
        "sweep.grid.profiles.n=[2, 4]",
        "--json",
    ]
    assert call(monkeypatch, "plan", *asked) == 0
    plan = json.loads(capsys.readouterr().out)
    assert [cell["cell"] for cell in plan["cells"]] == ["profiles.n=2", "profiles.n=4"]
    assert plan["total"]["calls"] == sum(cell["calls"] for cell in plan["cells"]) > 0
    assert plan["seconds"] is None  # nothing that this model said is stored yet
    assert call(monkeypatch, "sweep", *asked) == 0
    swept = json.loads(capsys.readouterr().out)
    assert swept["cells"] == 2
    assert swept["failed"] == {}
    assert call(monkeypatch, "plan", *asked) == 0
    assert json.loads(capsys.readouterr().out)["total"]["calls"] == 0
    assert call(monkeypatch, "sweep", *asked[:-1]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "claims of the recipe, stated before anything was asked: Personas of people's values" in told


def test_a_failed_cell_is_told_and_the_exit_code_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grid = 'sweep.grid.profiles.items=[["F063"], ["F999"]]'
    assert call(monkeypatch, "sweep", "quickstart", "--workspace", str(tmp_path), *FEW, "--set", grid) == 1
    out = capsys.readouterr().out
    assert 'failed: profiles.items=["F999"]: profiles.items: no item' in out
    assert 'profiles.items=["F063"]' in out


def test_an_ablation_prints_base_factors_and_synthetic(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kinds = 'ablation.factors.kind=["values-hedged", "none"]'
    asked = ["quickstart", "--workspace", str(tmp_path), *FEW, "--set", kinds]
    assert call(monkeypatch, "ablate", *asked) == 0
    out = capsys.readouterr().out
    assert "base: values-hedged" in out
    assert "synthetic respondent and population" in " ".join(out.split())
    assert call(monkeypatch, "ablate", *asked, "--json", "--design", "factorial") == 0
    assert json.loads(capsys.readouterr().out)["design"] == "factorial"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sweep", "quickstart"), "has no [sweep] table"),
        (("run", "quickstart", "--set", "sweep.grid.seed=[1]"), "value-personas sweep runs its cells"),
        (("ablate", "quickstart", "--set", "ablation.factors.kind=[]"), "needs two levels"),
        (("plan", "quickstart", "--set", "profiles.m=3"), "did you mean profiles.n?"),
        (("sweep", "quickstart", "--set", "sweep.grid.profiles.n=[1, x]"), "sweep.grid.profiles.n"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(
    arguments: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call(monkeypatch, *arguments, "--workspace", str(tmp_path)) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert told.err.count("\n") == 1
    assert told.out == ""
