"""An optimiser's own arguments reach it; what it does not take is refused before anything is asked."""

import json
import sys
from pathlib import Path

import pytest

from tests.experiments.tuning.tunings import SMALL, tuned
from value_personas import load_recipe
from value_personas.experiments.cli import main
from value_personas.experiments.recipe.optimizers import OPTIMIZERS
from value_personas.experiments.tuning import optimizers
from value_personas.experiments.tuning.options import CLASSES, accepted_options, check_options
from value_personas.experiments.tuning.tune import TuningResult, tune
from value_personas.signatures import RecipeError


@pytest.mark.parametrize(
    ("optimizer", "option", "complaint"),
    [
        ("copro", "bredth=3", r"tuning.options.bredth: copro takes no such argument; did you mean breadth\?"),
        ("copro", "zzz=3", "copro takes no such argument; it takes breadth, depth, init_temperature"),
        ("copro", "breadth='many'", "breadth = 'many': input should be a valid integer"),
        ("copro", "metric='mine'", r"metric is not for the recipe: tuning.metric decides it"),
        ("gepa", "reflection_lm='openai/x'", "reflection_lm is not for the recipe: tuning.proposer names"),
        ("gepa", "log_dir='/tmp/x'", "log_dir is not for the recipe: .* not from a pickle"),
        ("gepa", "auto='huge'", "auto = 'huge': input should be 'light', 'medium' or 'heavy'"),
        ("gepa", "instruction_proposer='mine'", "instruction_proposer is an object of Python"),
        ("gepa", "frontier_type='all'", "input should be 'instance', 'objective', 'hybrid' or 'cartesian'"),
        ("gepa", "{auto='light', max_full_evals=2}", "auto and max_full_evals are two budgets of GEPA"),
        ("gepa", "track_best_outputs=true", "needs track_stats = true"),
        ("gepa", "max_metric_calls=24", r"= 24 is under 25, GEPA's least \(GEPA: 25 metric calls = 4 valid"),
        ("gepa", "stop_callbacks=5", "stop_callbacks is a table of stoppers"),
        ("gepa", "stop_callbacks.FileStopper.stop_file_path='/x'", "FileStopper: GEPA has no such stopper"),
        ("gepa", "stop_callbacks.NoImprovementStoper={}", r"did you mean NoImprovementStopper\?"),
        ("gepa", "stop_callbacks.NoImprovementStopper={}", "needs max_iterations_without_improvement"),
        ("gepa", "stop_callbacks.NoImprovementStopper=3", "is a table of its arguments: max_iterations_with"),
        (
            "gepa",
            "stop_callbacks.TimeoutStopCondition.timeout_second=3",
            r"timeout_second: no such argument; did you mean timeout_seconds\?",
        ),
        ("simba", "num_threads=8", "num_threads is not for the recipe: it is 1"),
    ],
)
def test_what_an_optimiser_does_not_take_is_one_line_before_anything_is_asked(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    optimizer: str,
    option: str,
    complaint: str,
) -> None:
    given = f"tuning.options={option}" if option.startswith("{") else f"tuning.options.{option}"
    settings = [f"workspace={tmp_path}", *SMALL, f"tuning.optimizer={optimizer}", given]
    with pytest.raises(RecipeError, match=complaint) as refused:
        tune(load_recipe("tune", settings))
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.glob("tunings/*.attempts")) or "least" in complaint
    monkeypatch.setattr(sys, "argv", ["value-personas", "tune", *(w for s in settings for w in ("--set", s))])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    assert str(refused.value)[:60] in " ".join(capsys.readouterr().err.split())


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("options")


def candidates(result: TuningResult) -> int:
    return len(result.curve)


@pytest.mark.parametrize(
    ("optimizer", "few", "many"),
    [
        ("copro", "{breadth = 2, depth = 1}", "{breadth = 4, depth = 2}"),
        ("miprov2", "{num_candidates = 2, num_trials = 1}", "{num_candidates = 6, num_trials = 12}"),
        ("simba", "{max_steps = 1}", "{max_steps = 4}"),
    ],
)
def test_they_reach_the_optimiser(workspace: Path, optimizer: str, few: str, many: str) -> None:
    less, more = (tuned(workspace, optimizer, f"tuning.options={options}") for options in (few, many))
    assert less.stopped is None
    assert candidates(less) < candidates(more)


def test_fewer_demonstrations_are_shown(workspace: Path) -> None:
    for most in (1, 2):
        result = tuned(workspace, "bootstrap", f"tuning.options.max_bootstrapped_demos={most}")
        assert result.curve["demonstrations"].max() == most


def test_gepa_s_frontier_stoppers_and_statistics_are_reached(workspace: Path) -> None:
    options = (
        'frontier_type = "hybrid", track_stats = true, '
        "stop_callbacks = {MaxCandidateProposalsStopper = {max_proposals = 2}}"
    )
    result = tuned(workspace, "gepa", f"tuning.options={{{options}}}", "tuning.budget_calls=1500")
    assert result.stopped is None
    told = json.loads((result.folder / "gepa.json").read_text())
    assert 1 <= len(told["candidates"]) <= 3
    assert set(told["objective_pareto_front"]) == {"distribution", "mean", "spread", "brevity", "answered"}
    original = result.curve.query("status.str.startswith('original')").iloc[0]
    assert told["val_aggregate_scores"][0] == pytest.approx(original["validation"])
    assert not (tuned(workspace, "copro").folder / "gepa.json").exists()


def test_gepa_s_least_budget_is_told_and_pays_for_three_candidates(workspace: Path) -> None:
    with pytest.raises(
        RecipeError, match=r"GEPA: 25 metric calls = 4 validation cells \+ 3·\(3 of"
    ) as refused:
        tuned(workspace, "gepa", "tuning.budget_calls=100")
    least = int(str(refused.value).split(" take ")[1].split(" ")[0])
    with pytest.raises(RecipeError, match="is under one evaluation"):
        tuned(workspace, "gepa", f"tuning.budget_calls={least - 1}")
    result = tuned(workspace, "gepa", f"tuning.budget_calls={least}")
    assert result.calls <= least
    assert candidates(result) >= 4  # the original, and three that were looked at


def mine(task: optimizers.OptimizerTask, beam: int = 3) -> object:
    """An optimiser of another distribution."""
    return task.student


def test_a_plugged_in_optimiser_s_own_arguments_are_its_options() -> None:
    check_options("mine", mine, {"beam": 5})
    with pytest.raises(RecipeError, match=r"mine takes no such argument; did you mean beam\?"):
        check_options("mine", mine, {"beams": 5})


def test_every_optimiser_has_a_class_whose_arguments_are_known() -> None:
    assert CLASSES.keys() == OPTIMIZERS.keys()
    for name in OPTIMIZERS:
        assert len(accepted_options(name, mine)) >= 4
