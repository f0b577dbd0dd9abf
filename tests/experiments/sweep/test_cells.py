"""Which cells a sweep has, and what is refused before anything is read."""

import json
from pathlib import Path

import pytest

from value_personas import Recipe, load_recipe
from value_personas.experiments.recipe.loading import varied
from value_personas.experiments.sweep.cells import label_of, sweep_cells
from value_personas.signatures import RecipeError


def recipe(tmp_path: Path, text: str, *settings: str) -> Recipe:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return load_recipe(path, settings)


def test_a_grid_is_every_combination_and_a_list_multiplies_it(tmp_path: Path) -> None:
    text = """
    extends = "quickstart"
    [sweep.grid]
    profiles.n = [5, 9]
    "profiles.design" = ["systematic", "random"]
    [[sweep.cells]]
    respondent.parameters.spill_over = 2.0
    [[sweep.cells]]
    "calibration.temperature" = 3.0
    """
    cells = sweep_cells(recipe(tmp_path, text))
    assert len({cell.key for cell in cells}) == len(cells) == 8
    assert cells[1].label == "respondent.parameters.spill_over=2.0 profiles.n=5 profiles.design=random"
    assert [(c.recipe.profiles.n, c.recipe.profiles.design) for c in cells[:4]] == [
        (5, "systematic"),
        (5, "random"),
        (9, "systematic"),
        (9, "random"),
    ]
    assert cells[0].recipe.respondent.parameters == {"spill_over": 2.0}
    assert cells[4].recipe.calibration.temperature == 3.0
    assert cells[4].recipe.respondent.parameters == {}
    assert all(cell.recipe.sweep is None for cell in cells)


def test_a_sweep_can_be_given_on_the_command_line() -> None:
    cells = sweep_cells(load_recipe(None, ["sweep.grid.profiles.n=[3, 4]"]))
    assert [cell.recipe.profiles.n for cell in cells] == [3, 4]


def test_a_cells_key_is_that_of_its_result_alone(tmp_path: Path) -> None:
    def key(*settings: str) -> str:
        return sweep_cells(load_recipe(None, ["sweep.grid.profiles.n=[3]", *settings]))[0].key

    same = {key(), key("name=other"), key("workspace=elsewhere"), key("tracking.experiment=e")}
    assert len(same) == 1
    survey = tmp_path / "s.csv"
    survey.write_text("a,b\n1,2\n")
    before = key(f"survey.path={survey}")
    survey.write_text("a,b\n1,2\n3,4\n")
    assert len({*same, before, key(f"survey.path={survey}"), key("seed=1")}) == 4


@pytest.mark.parametrize(
    "name", ["program", "scoring.gap_index", "descriptors.frozen", "personality.path", "survey.codebook"]
)
def test_a_cell_whose_files_changed_is_another_cell(tmp_path: Path, name: str) -> None:
    file = tmp_path / "own.txt"
    file.write_text("one", encoding="utf-8")
    (cell,) = sweep_cells(load_recipe(None, ["sweep.grid.profiles.n=[3]", f"{name}={file}"]))
    before = cell.key
    file.write_text("another", encoding="utf-8")
    assert before == cell.key
    (again,) = sweep_cells(load_recipe(None, ["sweep.grid.profiles.n=[3]", f"{name}={file}"]))
    assert again.key != before


def test_paths_that_a_file_varies_are_relative_to_it(tmp_path: Path) -> None:
    text = '[sweep.grid]\nsurvey.path = ["a.sav", "synthetic"]\n'
    assert [cell.recipe.survey.path for cell in sweep_cells(recipe(tmp_path, text))] == [
        str(tmp_path / "a.sav"),
        "synthetic",
    ]


def test_paths_that_an_ablation_varies_are_relative_to_its_file(tmp_path: Path) -> None:
    text = '[ablation.factors]\ndescriptors.frozen = ["a.csv", "b.csv"]\nprofiles.n = [3, 4]\n'
    wanted = recipe(tmp_path, text, "ablation.factors.profiles.n=[5, 6]").ablation.factors
    assert wanted == {
        "descriptors.frozen": (str(tmp_path / "a.csv"), str(tmp_path / "b.csv")),
        "profiles.n": (5, 6),
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["sweep.grid.profiles.m=[1]"], r"cell 1, of profiles\.m: .*unknown key profiles\.m; did you mean"),
        (["sweep.grid.profiles.n=[]"], r"grid\.profiles\.n names no value"),
        (["sweep.grid.profiles.n=[0]"], r"cell 1, of profiles\.n: .*profiles\.n"),
        (["sweep.grid.profiles.n=7"], r"sweep\.grid\.profiles\.n: expected a list"),
        (["sweep.grid.workspace=['a']"], "workspace is one for the whole sweep"),
        (["sweep.grid.tracking.uri=['a']"], r"tracking\.uri is one for the whole sweep"),
        (["sweep={}"], r"sweep\.grid, or cells in sweep\.cells"),
        (["sweep.grids.seed=[1]"], r"unknown key sweep\.grids; did you mean sweep\.grid"),
        (["sweep.grid.seed=[1, 1]"], "seed=1 and seed=1 are the same recipe"),
        (["sweep.grid.profiles.n=[3]", 'sweep.cells=[{"profiles.n"=4}]'], "varied by the grid and"),
        (["sweep.grid.seed=[1]", "sweep.cells=[3]"], r"sweep\.cells"),
        ([], r"has no \[sweep\] table"),
        (
            ["sweep.grid.profiles.design=['marginal']", 'personas=["demographic"]'],
            r"cell 1, of profiles\.design: .*nobody has the facts of demographic",
        ),
    ],
)  # fmt: skip
def test_bad_sweeps_are_one_clear_line(settings: list[str], message: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        sweep_cells(load_recipe(None, settings))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    ["respondent.parameters.api_key=['sk-secret']", "respondent.base_url=['http://u:sk-secret@h/v1']",
     "respondent.api_key=['sk-secret']", "respondent.api_key_env=['sk-secret']"],
)  # fmt: skip
def test_a_credential_among_the_values_is_refused_and_not_repeated(settings: str) -> None:
    with pytest.raises(RecipeError, match=r"^cell 1, of respondent\.") as caught:
        sweep_cells(load_recipe(None, [f"sweep.grid.{settings}"]))
    assert "secret" not in str(caught.value)


def test_every_file_that_a_recipe_names_is_part_of_the_key(tmp_path: Path) -> None:
    program, index = tmp_path / "program.json", tmp_path / "index.csv"
    names = (f"program={program}", f"scoring.gap_index={index}", 'personas=["none", "values-hedged"]')
    keys = set()
    for file in (program, index, program):
        file.write_text("x" * (1 + len(keys)))
        (cell,) = sweep_cells(load_recipe(None, [*names, "sweep.grid.seed=[1]"]))
        keys.add(cell.key)
    assert len(keys) == 3


def test_too_many_cells_are_refused_without_making_them() -> None:
    grid = json.dumps(list(range(30)))
    keys = ("seed", "profiles.n", "scoring.gap_reference", "scoring.draws")
    with pytest.raises(RecipeError, match="more than 10,000 cells"):
        sweep_cells(load_recipe(None, [f"sweep.grid.{key}={grid}" for key in keys]))


def test_labels_of_long_values_that_begin_alike_differ() -> None:
    first, second = ({"respondent.wordings": ["x" * 60 + end]} for end in "ab")
    assert label_of(first) != label_of(second)
    assert len(label_of(first)) < 70


def test_varied_leaves_the_recipe_alone() -> None:
    base = load_recipe()
    other = varied(base, {"descriptors.lm.lm": "synthetic/respondent", "profiles.n": 3})
    assert base.descriptors.lm is None
    assert other.descriptors.lm is not None
    assert (base.profiles.n, other.profiles.n) == (100, 3)
